"""Losses written for one run, taken of many runs at once."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from theory.losses.loss import Loss

OneRun = Callable[[Tensor, Tensor], Tensor]


def value_per_run(function: OneRun, z1: Tensor, z2: Tensor) -> Tensor:
    """Returns a function of one run's (batch, dim) embeddings for each of the runs, (…, batch, dim) → (…,)."""
    return torch.func.vmap(function)(_stacked(z1), _stacked(z2)).reshape(z1.shape[:-2])


def _stacked(z: Tensor) -> Tensor:
    return z.reshape(-1, *z.shape[-2:])


@dataclass(frozen=True)
class AutogradLoss(Loss):
    """Any differentiable function of one run's embeddings, z1 and z2 of (batch, dim), as a loss of many runs.

    Gradients come from ``torch.func``, which ``viewlearn.losses.spectral`` allows and the tiled losses of
    ``viewlearn.losses`` don't; they are slower than analytic ones by a factor of two to four.

    Args:
        function: Maps (z1, z2) to a scalar.
        batch_size: Number of pairs in a batch.
    """

    function: OneRun

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        return value_per_run(self.function, z1, z2)

    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        gradient = torch.func.vmap(torch.func.grad(self.function, argnums=(0, 1)))
        by_z1, by_z2 = gradient(_stacked(z1), _stacked(z2))
        return by_z1.reshape(z1.shape), by_z2.reshape(z2.shape)

    def settings(self) -> dict[str, object]:
        name = getattr(self.function, "__qualname__", repr(self.function))
        return {"type": "AutogradLoss", "function": name, "batch_size": self.batch_size}
