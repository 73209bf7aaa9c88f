"""Losses that know of the data no more than second moments."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from theory.losses.loss import Loss, QuadraticForm
from theory.losses.per_run import value_per_run
from theory.model.moments import ViewMoments
from viewlearn.losses import spectral


@dataclass(frozen=True)
class Spectral(Loss):
    """The spectral loss ``viewlearn.losses.spectral`` of every run, plus ``2 weight_decay ‖W‖²``.

    ``L = −2 E z1·z2 + E (z1·z2')²`` with z2' of another instance (HaoChen et al. 2021, arXiv 2106.04156, eq. 6). In a
    batch, negatives are the N (N − 1) pairs of different rows.

    Args:
        weight_decay: Factor of the penalty on weights.
        batch_size: Number of pairs in a batch.
    """

    weight_decay: float = 0.0
    batch_size: int = field(default=256, kw_only=True)

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        return value_per_run(spectral, z1, z2)

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        num = z1.shape[-2]
        positive = (z1 * z2).sum(-1, keepdim=True)
        scale = 2 / (num * (num - 1))
        by_z1 = scale * (z1 @ (z2.mT @ z2) - positive * z2) - 2 / num * z2
        by_z2 = scale * (z2 @ (z1.mT @ z1) - positive * z1) - 2 / num * z1
        return by_z1, by_z2

    def weight_gradient(self, weight: Tensor) -> Tensor | float:
        return 4 * self.weight_decay * weight if self.weight_decay else 0.0

    def quadratic_form(self, bottleneck: bool = False) -> QuadraticForm:
        return QuadraticForm(self._diagonals)

    def _diagonals(self, moments: ViewMoments) -> tuple[Tensor, Tensor]:
        return moments.cross - self.weight_decay, moments.second


@dataclass(frozen=True)
class CovarianceContrast(Loss):
    """``L = E|z1 − z2|² − push E|z − z'|² + penalty ‖WWᵀ‖² + 2 weight_decay ‖W‖²``: pull positives, push all apart.

    With push = 1 the optimum is the principal components of C, as for the losses that Tian 2022 reduces to PCA; with
    push < 1 directions of cross-view correlation below 1 − push collapse, this model's counterpart of Theorem 1 of
    Jing et al. 2022 (arXiv 2110.09348).

    Args:
        push: Factor of the mean squared distance of all pairs.
        penalty: Factor of ‖WWᵀ‖², above 0.
        weight_decay: Factor of the penalty on weights.
        batch_size: Number of pairs in a batch.
    """

    push: float = 1.0
    penalty: float = 1.0
    weight_decay: float = 0.0
    batch_size: int = field(default=256, kw_only=True)

    def __post_init__(self):
        if self.penalty <= 0:
            raise ValueError(f"penalty must be positive, or the loss has no minimum, not {self.penalty}")

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        square = (z1.square() + z2.square()).sum(-1).mean(-1)
        return -2 * (z1 * z2).sum(-1).mean(-1) + (1 - self.push) * square

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        scale = 2 / z1.shape[-2]
        keep = 1 - self.push
        return scale * (keep * z1 - z2), scale * (keep * z2 - z1)

    def weight_gradient(self, weight: Tensor) -> Tensor:
        return 4 * self.penalty * (weight @ weight.mT) @ weight + 4 * self.weight_decay * weight

    def quadratic_form(self, bottleneck: bool = False) -> QuadraticForm:
        return QuadraticForm(self._diagonals)

    def _diagonals(self, moments: ViewMoments) -> tuple[Tensor, Tensor]:
        target = moments.cross - (1 - self.push) * moments.second - self.weight_decay
        return target, torch.full_like(target, self.penalty**0.5)
