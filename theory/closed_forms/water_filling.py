"""Mean-field InfoNCE on the sphere: energy is poured over the directions like water.

When many directions carry an embedding, its norm concentrates, and to second order in 1/τ the loss of energy shares e_i
on the simplex is ``−(1/τ) Σ e_i λ_i + (1/2τ²) Σ e_i²``. Its minimum is ``e_i = τ (λ_i − level)₊`` with Σ e_i = 1: a
group of d_k equal directions has ``e_k = τ d_k (λ_k − level)₊``. The derivation is ours; the approximation is good for
d ≫ 1/τ and poor for four directions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theory.model.groups import GroupModel
from theory.model.moments import moments


@dataclass(frozen=True)
class WaterFilling:
    """Energy shares of the directions.

    Args:
        model: Layout.
        shares: (…, directions), sum 1.
        level: Correlation at and below which a direction gets nothing, (…,).
    """

    model: GroupModel
    shares: Tensor
    level: Tensor

    def share(self, group: str) -> Tensor:
        """Returns the energy share of a group."""
        return self.shares[..., self.model.directions(group)].sum(-1)


def mean_field(model: GroupModel, temperature: float, dim: int | None = None) -> WaterFilling:
    """Returns the energy shares at a temperature.

    Args:
        model: Model.
        temperature: τ > 0.
        dim: Number of largest correlations that are kept; default all.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    correlation = moments(model).correlation
    return WaterFilling(model, *water_fill(correlation, temperature, dim))


def water_fill(correlation: Tensor, temperature: float, dim: int | None = None) -> tuple[Tensor, Tensor]:
    """Returns shares ``τ (λ − level)₊`` of correlations (…, directions) that sum to 1, and the level.

    With the k largest in use, the level is ``(Σ_k λ − 1/τ)/k``; the right k is the largest whose last λ exceeds it.
    """
    dim = correlation.shape[-1] if dim is None else min(dim, correlation.shape[-1])
    kept, order = correlation.topk(dim, -1)
    count = torch.arange(1, dim + 1, dtype=kept.dtype, device=kept.device)
    levels = (kept.cumsum(-1) - 1 / temperature) / count
    used = (kept > levels).sum(-1, keepdim=True)
    level = levels.gather(-1, used - 1)
    shares = torch.zeros_like(correlation)
    shares.scatter_(-1, order, temperature * (kept - level).clamp_min(0))
    return shares, level[..., 0]


def mean_field_critical_temperature(model: GroupModel, group: str) -> float:
    """Returns ``1/Σ_j (λ_j − λ_group)₊``, above which no direction of the group gets energy; inf without rivals."""
    correlation = moments(model).correlation
    own = correlation[model.directions(group)].max()
    rivals = (correlation - own).clamp_min(0).sum().item()
    return 1 / rivals if rivals > 0 else float("inf")
