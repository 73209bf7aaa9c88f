"""Phase boundaries: at which destroy probability or embedding dimension is a group learned?

A direction is learned by the optimum of a quadratic loss when its score is positive and among the m largest. For the
spectral loss, and for InfoNCE with a dot product and many negatives, the score is the cross-view correlation λ; for the
covariance form it is ``C − (1 − push) S``.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from torch import Tensor

from theory.closed_forms.optimum import score_form
from theory.losses.losses import Loss, Spectral
from theory.model.groups import AttackedViews, GroupModel, Mode
from theory.model.moments import moments
from theory.model.parameters import Parameters, vary

TIE = 1e-12  # scores that differ by less are equal: directions of one homogeneous group share their places
SCAN = 2001  # destroy probabilities among which sign changes are looked for, before they are refined


@dataclass(frozen=True)
class DestroyBoundary:
    """First destroy probabilities at which the other group's label ``enters`` and the attacked one's ``leaves``.

    0.0 when it already is so at p = 0, None when it never happens.
    """

    enters: float | None
    leaves: float | None


@dataclass(frozen=True)
class DimBoundary:
    """Smallest embedding dimension that learns the group's ``first`` direction, and ``all`` of them; None: no dim."""

    first: int | None
    all: int | None


def scores(model: GroupModel, loss: Loss | None = None, parameters: Parameters | None = None) -> Tensor:
    """Score of every direction, (directions,) or (cells, directions): learned are the m largest that are positive."""
    target, metric = score_form(Spectral() if loss is None else loss).quadratic(moments(model, parameters))
    return target / metric.clamp_min(1e-300)


def learned(
    model: GroupModel, loss: Loss | None = None, dim: int | None = None, parameters: Parameters | None = None
) -> tuple[Tensor, Tensor]:
    """What the optimum holds, by counting: fast for very many cells.

    Returns:
        For each direction the part of it that is learned, (…, directions): 1 or 0, and a fraction where directions of
        equal score share what is left of the embedding; and the gap between the dim-th score and the next (…,), by
        which the decision at the cut is made.
    """
    dim = model.default_dim() if dim is None else dim
    values = scores(model, loss, parameters)
    better = (values[..., None, :] > values[..., :, None] + TIE).sum(-1)
    equal = ((values[..., None, :] - values[..., :, None]).abs() <= TIE).sum(-1)
    part = ((dim - better) / equal).clamp(0, 1) * (values > TIE)
    if dim >= values.shape[-1]:
        return part, values.amin(-1).clamp_min(0)
    ordered = values.topk(dim + 1, -1).values.clamp_min(0)
    return part, ordered[..., -2] - ordered[..., -1]


def critical_destroy(
    model: GroupModel, attacked: str, other: str, loss: Loss | None = None, dim: int | None = None
) -> DestroyBoundary:
    """Where destroying one group lets the label of another in, and where the attacked group's own label goes.

    The label of a group is the sign of its first latent. Scores are exact; their crossings are bracketed on a grid of
    destroy probabilities and then solved for to 1e-12.

    Args:
        model: The model; the attacked group's own ``destroy`` is ignored.
        attacked: Name of the group whose destroy probability varies.
        other: Name of the group that competes with it.
        loss: Spectral (default), CovarianceContrast or InfoNCE with a dot product.
        dim: Embedding dimension m; default ``model.default_dim()``.
    """
    dim = model.default_dim() if dim is None else dim

    def margin(direction: int):
        def value(destroy) -> np.ndarray:
            numbers = vary(model, {f"{attacked}.destroy": np.atleast_1d(destroy)})
            return _margin(scores(model, loss, numbers).numpy(), direction, dim)

        return value

    enters = _first(margin(model.directions(other).start), rising=True)
    leaves = _first(margin(model.directions(attacked).start), rising=False)
    return DestroyBoundary(enters, leaves)


def critical_dim(model: GroupModel, group: str, loss: Loss | None = None) -> DimBoundary:
    """The embedding dimensions at which a group begins to be learned and is wholly learned.

    ``all = #{j : λ_j ≥ min λ_group}`` counts the group itself and every direction that stands before its last one.
    """
    values = scores(model, loss).numpy()
    own = values[model.directions(group)]

    def needed(level: float) -> int | None:
        return int((values >= level - TIE).sum()) if level > 0 else None

    first = int((values > own.max() + TIE).sum()) + 1 if own.max() > 0 else None
    return DimBoundary(first, needed(own.min()))


def crossing(
    strength: float,
    level: float,
    noise: float = 1.0,
    shared_noise: float = 0.0,
    mode: Mode = "resample",
    views: AttackedViews = "both",
) -> float | None:
    """The destroy probability at which one direction's correlation has fallen to ``level``, as a formula.

    With A = strength², S = shared_noise², N = noise² and q = 1 − p, the correlation is (A c + S)/(A v + S + N):

    * resample, gauss: c = (level (A + S + N) − S)/A, and q = √c (both views) or c (one view);
    * zero, both views: q² A + S = level (q A + S + N), the larger root;
    * zero, one view: q A + S = level (A (1 + q)/2 + S + N).

    Returns 0.0 when the correlation is at most ``level`` without destroying, None when it never falls so far.
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
    """How far the direction's score lies above what it must exceed: zero, and the dim-th largest of the others'."""
    others = np.delete(values, direction, axis=-1)
    if dim > others.shape[-1]:
        return values[..., direction]
    threshold = np.partition(others, -dim, axis=-1)[..., -dim]
    return values[..., direction] - np.maximum(threshold, 0.0)


def _first(margin, rising: bool) -> float | None:
    """First p in [0, 1] at which the margin is at least −TIE (rising), or below it."""
    destroy = np.linspace(0.0, 1.0, SCAN)
    inside = margin(destroy) + TIE >= 0
    reached = np.flatnonzero(inside if rising else ~inside)
    if not len(reached):
        return None
    index = reached[0]
    if index == 0:
        return 0.0
    return float(brentq(lambda p: margin(p)[0] + TIE, destroy[index - 1], destroy[index], xtol=1e-13))
