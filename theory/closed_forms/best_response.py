"""Best response of a budgeted adversary to an encoder that answers optimally: which features does it destroy?

The encoder's best loss is ``L* = −Σ λ_i²`` over what it has room for; the adversary makes that as large as it can. Two
budgets have closed forms, both ours: one counts destroyed features, the other distortion, as a Viewmaker's does.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def destroy_response(correlation: Tensor, counts: Tensor, budget: float) -> Tensor:
    """Returns the destroy probabilities that raise L* most, ``Σ_k d_k p_k = budget``, for an encoder with room for all.

    As λ_k (1 − p_k)² is left of each correlation, stationarity gives ``1 − p_k = min(1, (μ/λ_k²)^{1/3})``: the most
    invariant features are destroyed first, and the λ that remain are leveled.

    Args:
        correlation: Correlation λ_k ≥ 0 of each group without destroying, (groups,).
        counts: Number d_k of directions of each group, (groups,).
        budget: Expected number of destroyed directions, in [0, Σ d_k over groups with λ_k > 0].

    Returns:
        Probabilities p_k, (groups,).
    """
    correlation, counts = correlation.double(), counts.double()
    counts = torch.where(correlation > 0, counts, 0.0)  # what is not invariant is not worth destroying
    if not 0 <= budget <= counts.sum():
        raise ValueError(
            f"budget must be between 0 and the {counts.sum().item():g} correlated directions, not {budget}"
        )

    def spent(log_level: float) -> tuple[float, Tensor]:
        kept = (log_level - 2 * correlation.clamp_min(1e-300).log()).div(3).exp().clamp_max(1)
        return (counts * (1 - kept)).sum().item(), 1 - kept

    return _bisect(spent, budget)


def additive_response(second: Tensor, cross: Tensor, budget: float) -> Tensor:
    """Returns the distortions that raise L* most, ``Σ_i c_i = budget``, for views x + δ with δ linear in x and noise.

    For one direction with E δ² = c ≤ S, the best linear δ is the Gaussian test channel of rate–distortion theory,
    ``x ↦ (1 − c/S) x + noise of variance c (1 − c/S)``; it leaves ``λ' = λ (1 − c/S)``. Spreading a budget over
    directions then gives ``1 − c_i/S_i = min(1, μ S_i/λ_i²)``: distortion goes where λ²/S is largest, to what is
    invariant *and* weak, which is cheap to destroy.

    Args:
        second: Variances S_i > 0, (directions,).
        cross: Cross-view covariances C_i, (directions,); the encoder has room for all.
        budget: ``E|δ|²`` of each view, in [0, Σ S_i over directions with C_i > 0].

    Returns:
        Distortions c_i, (directions,).
    """
    second, cross = second.double(), cross.double()
    correlation = (cross / second).clamp_min(0)
    available = torch.where(correlation > 0, second, 0.0)
    if not 0 <= budget <= available.sum():
        raise ValueError(
            f"budget must be between 0 and the correlated variance {available.sum().item():g}, not {budget}"
        )

    def spent(log_level: float) -> tuple[float, Tensor]:
        kept = (log_level + second.log() - 2 * correlation.clamp_min(1e-300).log()).exp().clamp_max(1)
        distortion = available * (1 - kept)
        return distortion.sum().item(), distortion

    return _bisect(spent, budget)


def attack_channel(second: Tensor, distortion: Tensor) -> tuple[Tensor, Tensor]:
    """Returns gain 1 − c/S and noise variance c (1 − c/S) of the best additive attack with E δ² = c on a variance S."""
    gain = 1 - distortion / second
    return gain, distortion * gain


def _bisect(spent: Callable[[float], tuple[float, Tensor]], budget: float) -> Tensor:
    """Returns the answer to the multiplier whose spending is the budget; spending falls as the multiplier grows."""
    low, high = -200.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        if spent(middle)[0] > budget:
            low = middle
        else:
            high = middle
    return spent(high)[1]
