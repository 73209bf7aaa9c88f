"""How a batch of encoders is trained."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler


@dataclass(frozen=True)
class Optimization:
    """Settings of gradient descent.

    All runs are stacked in one tensor, of which the optimizers of ``torch.optim`` update every entry for itself: no run
    knows of the others.

    Args:
        num_steps: Number of optimizer steps.
        optimizer: Name of a class in ``torch.optim``. SGD on the population loss at a small rate is gradient flow.
        lr: Learning rate at the first step.
        schedule: Course of the learning rate: a half cosine that ends at 0, or constant.
        population: Whether gradients are those of infinitely many samples, for a loss with a quadratic form, instead of
            those of fresh batches.
        init: Standard deviation of the initial weights, times √directions.
    """

    num_steps: int = 600
    optimizer: Literal["Adam", "SGD"] = "Adam"
    lr: float = 0.02
    schedule: Literal["cosine", "constant"] = "cosine"
    population: bool = False
    init: float = 0.3

    def __post_init__(self):
        if self.num_steps < 0:
            raise ValueError(f"num_steps must be at least 0, not {self.num_steps}")
        if self.optimizer not in ("Adam", "SGD"):
            raise ValueError(f"optimizer must be Adam or SGD, not {self.optimizer!r}")
        if self.schedule not in ("cosine", "constant"):
            raise ValueError(f"schedule must be cosine or constant, not {self.schedule!r}")

    def start(self, weight: Tensor) -> tuple[Optimizer, LRScheduler]:
        """Returns the optimizer of these weights and the schedule of its learning rate."""
        kind = torch.optim.Adam if self.optimizer == "Adam" else torch.optim.SGD
        optimizer = kind([weight], lr=self.lr)
        if self.schedule == "cosine":
            return optimizer, CosineAnnealingLR(optimizer, self.num_steps)
        return optimizer, ConstantLR(optimizer, factor=1.0)
