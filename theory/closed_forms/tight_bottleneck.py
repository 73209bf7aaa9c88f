"""Cosine InfoNCE in a tight bottleneck: exact at every temperature, and dependent on where training starts.

Let two homogeneous Gaussian groups compete for m outputs, m at most the size of either, and mix them as
``z = √u A + √(1 − u) B`` (each group's directions turned onto the outputs). Directions of z are uniform for every u, so
that with many negatives their term is a constant, and the loss is ``−E cos(z_1, z_2)/τ``: the temperature only rescales
it. For Gaussian pairs of correlation r the expected cosine is a convex function f(r). With ``resample`` its mean over
masks is convex along u too: the optimum is one group alone, and each may be stable while the other is better, so that
training remembers where it began. B alone is stable from the spectral boundary on, where λ_A = λ_B. With ``zero`` the
masks change variances as well, the order of the bounds is reversed, and between them the groups are blended.
Derivations are ours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import gammaln, hyp2f1

from theory.closed_forms.cosine import view_pairs
from theory.closed_forms.root import root
from theory.model.groups import GroupModel

MIXING_STEP = 1e-7  # of u, for the slope at an end


@dataclass(frozen=True)
class Hysteresis:
    """Destroy probabilities of the attacked group that bound the stability of either group alone.

    If ``other_from < attacked_until``, both are stable in between, and training from small weights follows the
    stronger; otherwise neither is, and both groups are learned. A bound is 0.0 if crossed without destroying, None if
    never.

    Args:
        other_from: Where the other group alone becomes stable.
        equal: Where both have the same loss.
        attacked_until: Where the attacked group alone ceases to be stable.
    """

    other_from: float | None
    equal: float | None
    attacked_until: float | None


def expected_cosine(correlation: float, dim: int) -> float:
    """Returns ``f(r) = E cos(x, y)`` of standard Gaussians in R^dim of that correlation per coordinate."""
    ratio = math.exp(2 * (gammaln((dim + 1) / 2) - gammaln(dim / 2)))
    return 2 * correlation / dim * ratio * float(hyp2f1(0.5, 0.5, dim / 2 + 1, min(correlation**2, 1.0)))


def mixture_cosine(model: GroupModel, first: str, second: str, share: float, dim: int) -> float:
    """Returns ``E cos(z_1, z_2)`` of the mixture above, u = ``share`` being the first group's; −τ times the loss."""
    total = 0.0
    for weight_a, va1, va2, ca in view_pairs(model.group(first), model):
        for weight_b, vb1, vb2, cb in view_pairs(model.group(second), model):
            v1 = share * va1 + (1 - share) * vb1
            v2 = share * va2 + (1 - share) * vb2
            covariance = share * ca + (1 - share) * cb
            total += weight_a * weight_b * expected_cosine(covariance / math.sqrt(v1 * v2), dim)
    return total


def hysteresis(model: GroupModel, attacked: str, other: str, dim: int | None = None) -> Hysteresis:
    """Finds where one group alone gives way to the other under cosine InfoNCE with many negatives, at any temperature.

    Args:
        model: Model; the attacked group's own ``destroy`` is ignored.
        attacked: Name of the group whose destroy probability varies.
        other: Name of the group that competes with it.
        dim: Embedding dimension, at most the size of either group; default ``model.default_dim()``.

    Raises:
        ValueError: A group is not homogeneous and Gaussian with at least ``dim`` directions.
    """
    dim = model.default_dim() if dim is None else dim
    for name in (attacked, other):
        group = model.group(name)
        if not group.homogeneous or group.latent != "gaussian" or group.num_directions < dim:
            raise ValueError(
                f"group {name} must be homogeneous and Gaussian with at least {dim} directions, but has strengths "
                f"{group.strengths} and latent {group.latent!r}"
            )

    def cosine(destroy: float, share: float) -> float:
        return mixture_cosine(model.with_group(attacked, destroy=destroy), attacked, other, share, dim)

    return Hysteresis(
        other_from=_first(lambda p: cosine(p, 0.0) - cosine(p, MIXING_STEP)),
        equal=_first(lambda p: cosine(p, 0.0) - cosine(p, 1.0)),
        attacked_until=_first(lambda p: cosine(p, 1.0 - MIXING_STEP) - cosine(p, 1.0)),
    )


def _first(difference: Callable[[float], float]) -> float | None:
    """Returns the smallest p in [0, 1] at which the difference is positive."""
    if difference(0.0) > 0:
        return 0.0
    return None if difference(1.0) <= 0 else root(difference, 0.0, 1.0, 1e-10)
