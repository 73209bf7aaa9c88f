"""Cosine InfoNCE without a bottleneck: when is a weak group learned beside a strong one that fills the sphere?

Let one homogeneous group R (the resident) of d ≥ 3 directions be encoded isotropically, and give another direction B a
weight √e relative to it. To first order in e, with many negatives, the loss falls by ``(e/τ) S_B × rate``, where

    rate = λ_B E[1/(|x_1||x_2|)] − E[cos(x_1, x_2)/|x_1|²] + E[1/|x|²] A_d(1/τ)

x_1, x_2 are the resident's part of the two views. The first two terms are what the positive pair gains and loses. The
third is what the negatives gain: under R alone their angle is uniform, so that the softmax weights make it von
Mises–Fisher with mean cosine A_d(κ) = I_{d/2}(κ)/I_{d/2−1}(κ). B is learned if the rate is positive. Derivations are
ours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import gammaln, hyp2f1, ive

from theory.closed_forms.root import root
from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import moments


@dataclass(frozen=True)
class CoexistenceWindow:
    """Destroy probabilities of the attacked group between which both groups are learned.

    Args:
        enters: Below it only the attacked group is learned; 0.0 if the other is without destroying, None if never.
        leaves: Above it only the other group is learned; 0.0 if so without destroying, None if never.
    """

    enters: float | None
    leaves: float | None


def mean_cosine(kappa: float, dim: int) -> float:
    """Returns the mean cosine A_d(κ) of a von Mises–Fisher distribution on the unit sphere of R^dim."""
    return float(ive(dim / 2, kappa) / ive(dim / 2 - 1, kappa))


def inverse_norms(correlation: float, dim: int) -> float:
    """Returns ``E 1/(|x||y|)`` of standard Gaussians in R^dim, dim ≥ 2, of that correlation per coordinate."""
    ratio = math.exp(2 * (gammaln((dim - 1) / 2) - gammaln(dim / 2)))
    return 0.5 * ratio * float(hyp2f1(0.5, 0.5, dim / 2, correlation**2))


def cosine_over_square(correlation: float, dim: int) -> float:
    """Returns ``E cos(x, y)/|x|²`` of standard Gaussians in R^dim, dim ≥ 3, of that correlation per coordinate."""
    ratio = math.exp(gammaln((dim - 1) / 2) + gammaln((dim + 1) / 2) - 2 * gammaln(dim / 2))
    return correlation / dim * ratio * float(hyp2f1(1.5, 0.5, dim / 2 + 1, correlation**2))


def invasion_rate(model: GroupModel, resident: str, invader: str, temperature: float) -> float:
    """Returns the rate above for the invader's label direction; a small weight on it grows at ``(2/τ) S_B × rate``.

    Args:
        model: Model.
        resident: Name of the group that fills the sphere.
        invader: Name of the group that may be learned beside it.
        temperature: τ > 0.

    Raises:
        ValueError: The resident is not homogeneous and Gaussian with at least three directions.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    group = model.group(resident)
    if not group.homogeneous or group.num_directions < 3 or group.latent != "gaussian":
        raise ValueError(
            f"the resident {resident} must be homogeneous and Gaussian with at least 3 directions, but has "
            f"strengths {group.strengths} and latent {group.latent!r}"
        )
    dim = group.num_directions
    correlation = moments(model).correlation[model.directions(invader).start].item()
    positive = lost = inverse_square = 0.0
    for weight, first, second, covariance in view_pairs(group, model):
        r = covariance / math.sqrt(first * second)
        positive += weight * inverse_norms(r, dim) / math.sqrt(first * second)
        lost += weight * cosine_over_square(r, dim) * (1 / first + 1 / second) / 2
        inverse_square += weight * (1 / first + 1 / second) / 2 / (dim - 2)
    return correlation * positive - lost + inverse_square * mean_cosine(1 / temperature, dim)


def coexistence_window(model: GroupModel, attacked: str, other: str, temperature: float) -> CoexistenceWindow:
    """Finds the destroy probabilities of ``attacked`` between which both groups are learned.

    The window opens where ``other`` invades beside ``attacked``, and closes where ``attacked`` no longer invades beside
    ``other``.
    """

    def with_destroy(p: float) -> GroupModel:
        return model.with_group(attacked, destroy=p)

    enters = _root(lambda p: invasion_rate(with_destroy(p), attacked, other, temperature))
    leaves = _root(lambda p: -invasion_rate(with_destroy(p), other, attacked, temperature))
    return CoexistenceWindow(enters, leaves)


def critical_temperature(model: GroupModel, resident: str, invader: str) -> float:
    """Returns the temperature below which the invader is learned beside the resident; inf if it always is.

    There is one, as A_d(1/τ) → 1 for τ → 0, where the rate is positive.
    """

    def rate(log_temperature: float) -> float:
        return invasion_rate(model, resident, invader, math.exp(log_temperature))

    low, high = math.log(1e-4), math.log(1e4)
    if rate(high) > 0:
        return math.inf
    return 0.0 if rate(low) <= 0 else math.exp(root(rate, low, high, 1e-12))


def view_pairs(group: FeatureGroup, model: GroupModel) -> list[tuple[float, float, float, float]]:
    """Returns the Gaussian mixture of a pair's coordinates: (probability, variance 1, variance 2, covariance)."""
    energy, p = group.strengths[0] ** 2, group.destroy
    shared = model.shared_noise**2
    rest = shared + model.noise**2
    if group.mode == "gauss":
        kept = (1 - p) ** 2 if group.views == "both" else 1 - p
        return [(1.0, energy + rest, energy + rest, kept * energy + shared)]
    one = group.views == "one"
    intact = 1 - p if one else (1 - p) ** 2
    half = p / 2 if one else p * (1 - p)
    cases = [(intact, True, True), (half, True, False), (half, False, True), (1 - intact - 2 * half, False, False)]
    lost = energy if group.mode == "resample" else 0.0  # what a destroyed view holds in the latent's place
    return [
        (weight, (energy if k1 else lost) + rest, (energy if k2 else lost) + rest, energy * (k1 and k2) + shared)
        for weight, k1, k2 in cases
        if weight > 0
    ]


def _root(rate: Callable[[float], float]) -> float | None:
    """Returns the smallest p in [0, 1] at which the rate is positive; found on a grid, then refined."""
    num = 201
    previous = 0.0
    for index in range(num):
        p = index / (num - 1)
        if rate(p) > 0:
            return 0.0 if index == 0 else root(rate, previous, p, 1e-12)
        previous = p
    return None
