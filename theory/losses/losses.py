"""Contrastive losses of embeddings, with analytic gradients batched over runs.

A loss here is a small object that maps embeddings of two views ``z1, z2`` (…, batch, dim) to one value per run, and to
the gradients of those values; the leading axes are runs, which never mix. Any function of your own works too: wrap it
in ``AutogradLoss``.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from theory.losses.softmax import softmax_pull
from theory.model.moments import Moments


class Loss(Protocol):
    """What training asks of a loss."""

    batch_size: int

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        """One value per run, (…,), differentiable."""

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        """Derivative of each run's value by its own z1 and z2."""

    def weight_gradient(self, weight: Tensor) -> Tensor | float:
        """Derivative of the terms that depend on the weights (…, dim, input) alone; 0.0 without such terms."""


@dataclass(frozen=True)
class Spectral:
    """``L = −2 E z1·z2 + E (z1·z2')²`` with z2' of another instance, plus ``2 weight_decay ‖W‖²``.

    The spectral contrastive loss of HaoChen et al. 2021 (arXiv 2106.04156, eq. 6), here without the norm clipping of
    their code. In a batch, negatives are the N (N − 1) pairs of different rows.
    """

    weight_decay: float = 0.0
    batch_size: int = 256

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        num = z1.shape[-2]
        similarity = z1 @ z2.mT
        positive = similarity.diagonal(dim1=-2, dim2=-1)
        squares = similarity.square().sum((-2, -1)) - positive.square().sum(-1)
        return -2 * positive.mean(-1) + squares / (num * (num - 1))

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        num = z1.shape[-2]
        positive = (z1 * z2).sum(-1, keepdim=True)
        scale = 2 / (num * (num - 1))
        by_z1 = scale * (z1 @ (z2.mT @ z2) - positive * z2) - 2 / num * z2
        by_z2 = scale * (z2 @ (z1.mT @ z1) - positive * z1) - 2 / num * z1
        return by_z1, by_z2

    def weight_gradient(self, weight: Tensor) -> Tensor | float:
        return 4 * self.weight_decay * weight if self.weight_decay else 0.0

    def quadratic(self, moments: Moments) -> tuple[Tensor, Tensor]:
        """Diagonals (target, metric) of the population form ``−2 tr(M target) + tr(M metric M metric)``, M = WᵀW."""
        return moments.cross - self.weight_decay, moments.second


@dataclass(frozen=True)
class CovarianceContrast:
    """``L = E|z1 − z2|² − push E|z − z'|² + penalty ‖WWᵀ‖² + 2 weight_decay ‖W‖²``: pull positives, push all apart.

    With push = 1 the optimum is the principal components of C, as for the losses that Tian 2022 reduces to PCA; with
    push < 1 directions of cross-view correlation below 1 − push collapse, this model's counterpart of Theorem 1 of
    Jing et al. 2022 (arXiv 2110.09348).
    """

    push: float = 1.0
    penalty: float = 1.0
    weight_decay: float = 0.0
    batch_size: int = 256

    def __post_init__(self):
        if self.penalty <= 0:
            raise ValueError(f"penalty is positive (the loss has no minimum otherwise), not {self.penalty}")

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        square = (z1.square() + z2.square()).sum(-1).mean(-1)
        return -2 * (z1 * z2).sum(-1).mean(-1) + (1 - self.push) * square

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        scale = 2 / z1.shape[-2]
        keep = 1 - self.push
        return scale * (keep * z1 - z2), scale * (keep * z2 - z1)

    def weight_gradient(self, weight: Tensor) -> Tensor | float:
        return 4 * self.penalty * (weight @ weight.mT) @ weight + 4 * self.weight_decay * weight

    def quadratic(self, moments: Moments) -> tuple[Tensor, Tensor]:
        """Diagonals (target, metric) of the population form ``−2 tr(M target) + tr(M metric M metric)``, M = WᵀW."""
        target = moments.cross - (1 - self.push) * moments.second - self.weight_decay
        return target, torch.full_like(target, self.penalty**0.5)


@dataclass(frozen=True)
class InfoNCE:
    """``L = −E log( exp(s_ii/τ) / Σ_j exp(s_ij/τ) )``, s_ij the similarity of z1_i and z2_j, over a batch.

    van den Oord et al. 2018 (arXiv 1807.03748); one direction, view 1 against view 2. ``candidates="both views"`` is
    the form that Viewmaker's code trains (Tamkin et al. 2021): candidates are all 2N embeddings, z1_i among them.

    Args:
        temperature: τ. For similarity="dot" it only rescales the weights, and a value other than 1 warns.
        similarity: Cosine of the angle between embeddings, or their dot product.
        candidates: What stands in the denominator.
        batch_size: N, the number of pairs in a batch.
    """

    temperature: float | None = None
    similarity: Literal["cosine", "dot"] = "cosine"
    candidates: Literal["other view", "both views"] = "other view"
    batch_size: int = 128

    def __post_init__(self):
        if self.similarity not in ("cosine", "dot"):
            raise ValueError(f"similarity is cosine or dot, not {self.similarity!r}")
        if self.candidates not in ("other view", "both views"):
            raise ValueError(f"candidates is 'other view' or 'both views', not {self.candidates!r}")
        if self.temperature is None:
            object.__setattr__(self, "temperature", 0.2 if self.similarity == "cosine" else 1.0)
        elif self.similarity == "dot" and self.temperature != 1:
            message = f"a temperature ({self.temperature}) only rescales the weights under a dot product"
            warnings.warn(message, stacklevel=3)
        if not self.temperature > 0:
            raise ValueError(f"temperature is positive, not {self.temperature}")

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        n1, n2 = self._points(z1), self._points(z2)
        candidates = n2 if self.candidates == "other view" else torch.cat([n1, n2], -2)
        logits = n1 @ candidates.mT / self.temperature
        positive = (n1 * n2).sum(-1) / self.temperature
        return (logits.logsumexp(-1) - positive).mean(-1)

    @torch.no_grad()
    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        n1, n2 = self._points(z1), self._points(z2)
        bound = 1.0 if self.similarity == "cosine" else None
        by_n1, by_n2 = softmax_pull(n1, n2, self.temperature, bound, others=self.candidates == "both views")
        scale = 1 / (self.temperature * z1.shape[-2])
        by_n1, by_n2 = (by_n1 - n2).mul_(scale), (by_n2 - n1).mul_(scale)
        if self.similarity == "dot":
            return by_n1, by_n2
        return _through_norm(by_n1, n1, z1), _through_norm(by_n2, n2, z2)

    def weight_gradient(self, weight: Tensor) -> float:
        return 0.0

    def _points(self, z: Tensor) -> Tensor:
        return z / z.norm(dim=-1, keepdim=True).clamp_min(1e-12) if self.similarity == "cosine" else z


@dataclass(frozen=True)
class AutogradLoss:
    """Any differentiable function of one run's embeddings, z1 and z2 of (batch, dim), as a loss over many runs.

    Gradients come from ``torch.func``: slower than the analytic ones by a factor of two to four. A constant that
    should be swept can be given by making a new AutogradLoss per value.

    Args:
        function: Maps (z1, z2) to a scalar.
        batch_size: Number of pairs in a batch.
    """

    function: Callable[[Tensor, Tensor], Tensor]
    batch_size: int = 128

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        runs = z1.shape[:-2]
        return torch.func.vmap(self.function)(z1.flatten(0, -3), z2.flatten(0, -3)).reshape(runs)

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        gradient = torch.func.vmap(torch.func.grad(self.function, argnums=(0, 1)))
        by_z1, by_z2 = gradient(z1.flatten(0, -3), z2.flatten(0, -3))
        return by_z1.reshape(z1.shape), by_z2.reshape(z2.shape)

    def weight_gradient(self, weight: Tensor) -> float:
        return 0.0


def _through_norm(gradient: Tensor, unit: Tensor, z: Tensor) -> Tensor:
    """Pulls a gradient by z/|z| back to z."""
    radial = (gradient * unit).sum(-1, keepdim=True)
    return (gradient - radial * unit) / z.norm(dim=-1, keepdim=True).clamp_min(1e-12)
