"""Phase boundaries: at which destroy probability or embedding dimension is a group learned?

A direction is learned by the optimum of a quadratic loss when its score is positive and among the m largest. For the
spectral loss, and for InfoNCE with a dot product and many negatives, the score is the cross-view correlation λ; for the
covariance form it is ``C − (1 − push) S``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from theory.closed_forms.root import root
from theory.losses.loss import Loss, QuadraticForm, known_form
from theory.losses.quadratic import Spectral
from theory.model.groups import AttackedViews, GroupModel, Mode
from theory.model.moments import moments
from theory.model.parameters import Parameters, vary

SCORE_TOLERANCE = 1e-12  # scores that differ by less are equal: directions of a homogeneous group share their places
NUM_SCANNED = 2001  # destroy probabilities between which a sign change is looked for, before it is refined


@dataclass(frozen=True)
class DestroyBoundary:
    """First destroy probabilities at which the other group's label is learned, and the attacked group's no longer is.

    Args:
        enters: Where the other label is learned; 0.0 if without destroying, None if never.
        leaves: Where the attacked label is lost; 0.0 if without destroying, None if never.
    """

    enters: float | None
    leaves: float | None


@dataclass(frozen=True)
class DimBoundary:
    """Smallest embedding dimensions that learn a group.

    Args:
        first: Dimension that learns the group's first direction; None if none does.
        all: Dimension that learns all of its directions; None if none does.
    """

    first: int | None
    all: int | None


def scores(model: GroupModel, form: QuadraticForm | None = None, parameters: Parameters | None = None) -> Tensor:
    """Returns scores, (directions,) or (cells, directions); the m largest are learned if they are positive."""
    form = Spectral().quadratic_form() if form is None else form
    target, metric = form.diagonals(moments(model, parameters))
    return target / metric.clamp_min(1e-300)


def learned(
    model: GroupModel, form: QuadraticForm | None = None, dim: int | None = None, parameters: Parameters | None = None
) -> tuple[Tensor, Tensor]:
    """Finds what the optimum holds by counting, which is fast for very many cells.

    Args:
        model: Layout, and the numbers unless ``parameters`` gives them.
        form: Quadratic form of the loss; default that of the spectral loss.
        dim: Embedding dimension m; default ``model.default_dim()``.
        parameters: Numbers of many cells.

    Returns:
        The part of each direction that is learned, (…, directions): 1 or 0, or a fraction where directions of equal
        score share what is left of the embedding. And the gap (…,) between the dim-th score and the next, by which the
        closed form decides.
    """
    dim = model.default_dim() if dim is None else dim
    values = scores(model, form, parameters)
    better = (values[..., None, :] > values[..., :, None] + SCORE_TOLERANCE).sum(-1)
    equal = ((values[..., None, :] - values[..., :, None]).abs() <= SCORE_TOLERANCE).sum(-1)
    part = ((dim - better) / equal).clamp(0, 1) * (values > SCORE_TOLERANCE)
    if dim >= values.shape[-1]:
        return part, values.amin(-1).clamp_min(0)
    ordered = values.topk(dim + 1, -1).values.clamp_min(0)
    return part, ordered[..., -2] - ordered[..., -1]


def critical_destroy(
    model: GroupModel, attacked: str, other: str, loss: Loss | None = None, dim: int | None = None
) -> DestroyBoundary:
    """Finds where destroying one group lets another's label in, and where the attacked group's own label is lost.

    The label of a group is the sign of its first latent. Scores are exact; their crossings are bracketed on a grid of
    destroy probabilities and then solved for to 1e-12.

    Args:
        model: Model; the attacked group's own ``destroy`` is ignored.
        attacked: Name of the group whose destroy probability varies.
        other: Name of the group that competes with it.
        loss: Spectral (default), CovarianceContrast or InfoNCE with a dot product.
        dim: Embedding dimension m; default ``model.default_dim()``.
    """
    dim = model.default_dim() if dim is None else dim
    form = known_form(Spectral() if loss is None else loss)

    def margin(direction: int) -> Callable[[float | np.ndarray], np.ndarray]:
        def value(destroy: float | np.ndarray) -> np.ndarray:
            numbers = vary(model, {f"{attacked}.destroy": np.atleast_1d(destroy)})
            return _margin(scores(model, form, numbers).numpy(), direction, dim)

        return value

    enters = _first(margin(model.directions(other).start), rising=True)
    leaves = _first(margin(model.directions(attacked).start), rising=False)
    return DestroyBoundary(enters, leaves)


def critical_dim(model: GroupModel, group: str, loss: Loss | None = None) -> DimBoundary:
    """Finds the embedding dimensions from which a group is learned in part, and as a whole.

    ``all = #{j : λ_j ≥ min λ_group}`` counts the group and every direction that precedes its last one.
    """
    values = scores(model, known_form(Spectral() if loss is None else loss)).numpy()
    own = values[model.directions(group)]

    def needed(level: float) -> int | None:
        return int((values >= level - SCORE_TOLERANCE).sum()) if level > 0 else None

    first = int((values > own.max() + SCORE_TOLERANCE).sum()) + 1 if own.max() > 0 else None
    return DimBoundary(first, needed(own.min()))


def crossing(
    strength: float,
    level: float,
    noise: float = 1.0,
    shared_noise: float = 0.0,
    mode: Mode = "resample",
    views: AttackedViews = "both",
) -> float | None:
    """Returns the destroy probability at which the correlation of a direction has fallen to ``level``.

    With A = strength², S = shared_noise², N = noise² and q = 1 − p, the correlation is (A c + S)/(A v + S + N):

    * resample, gauss: c = (level (A + S + N) − S)/A, and q = √c (both views) or c (one view);
    * zero, both views: q² A + S = level (q A + S + N), the larger root;
    * zero, one view: q A + S = level (A (1 + q)/2 + S + N).

    Args:
        strength: Strength of the direction.
        level: Correlation to be reached.
        noise: Standard deviation of the noise of each view.
        shared_noise: Standard deviation of the noise that both views share.
        mode: How a view loses the direction.
        views: Whether both views are attacked or one.

    Returns:
        0.0 if the correlation is at most ``level`` without destroying, None if it never falls so far.
    """
    energy, shared, rest = strength**2, shared_noise**2, shared_noise**2 + noise**2
    if (energy + shared) / (energy + rest) <= level:
        return 0.0
    if mode != "zero":
        factor = (level * (energy + rest) - shared) / energy
        kept = (factor**0.5 if views == "both" else factor) if factor >= 0 else None
    elif views == "both":
        inside = (level * energy) ** 2 - 4 * energy * (shared - level * rest)
        kept = (level * energy + inside**0.5) / (2 * energy) if inside >= 0 else None
    else:
        kept = (level * (energy / 2 + rest) - shared) / (energy * (1 - level / 2))
    return None if kept is None or kept < 0 else 1 - kept


def _margin(values: np.ndarray, direction: int, dim: int) -> np.ndarray:
    """Returns how far a direction's score exceeds what it has to: zero, and the dim-th largest of the others."""
    others = np.delete(values, direction, axis=-1)
    if dim > others.shape[-1]:
        return values[..., direction]
    threshold = np.partition(others, -dim, axis=-1)[..., -dim]
    return values[..., direction] - np.maximum(threshold, 0.0)


def _first(margin: Callable[[float | np.ndarray], np.ndarray], rising: bool) -> float | None:
    """Returns the first p in [0, 1] at which the margin is at least −SCORE_TOLERANCE (rising), or below it."""
    destroy = np.linspace(0.0, 1.0, NUM_SCANNED)
    inside = margin(destroy) + SCORE_TOLERANCE >= 0
    reached = np.flatnonzero(inside if rising else ~inside)
    if not len(reached):
        return None
    index = reached[0]
    if index == 0:
        return 0.0
    return root(lambda p: float(margin(p)[0]) + SCORE_TOLERANCE, destroy[index - 1], destroy[index], 1e-13)
