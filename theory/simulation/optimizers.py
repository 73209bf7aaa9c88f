"""Optimizers of a batch of runs as one tensor; every run has its own weights, and none knows of the others."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

Schedule = Literal["cosine", "constant"]


class Optimizer(Protocol):
    """What training asks of an optimizer."""

    def start(self, weight: Tensor) -> dict[str, Tensor]:
        """Fresh state for weights of this shape."""

    def update(self, weight: Tensor, gradient: Tensor, state: dict[str, Tensor], step: int, num_steps: int) -> None:
        """Changes weight and state in place; step counts from 0."""


def learning_rate(base: float, schedule: Schedule, step: int, num_steps: int) -> float:
    """The rate of a step: constant, or a half cosine from base to 0."""
    if schedule == "constant":
        return base
    if schedule != "cosine":
        raise ValueError(f"schedule is cosine or constant, not {schedule!r}")
    return base * 0.5 * (1 + math.cos(math.pi * step / num_steps))


@dataclass(frozen=True)
class GradientDescent:
    """``W ← W − rate (gradient + momentum-averaged past)``; on the population loss with a small rate, gradient flow.

    Args:
        rate: Learning rate at the first step.
        momentum: Share of the past step that is repeated, in [0, 1).
        schedule: How the rate falls.
    """

    rate: float = 0.01
    momentum: float = 0.0
    schedule: Schedule = "constant"

    def start(self, weight: Tensor) -> dict[str, Tensor]:
        return {"velocity": torch.zeros_like(weight)} if self.momentum else {}

    def update(self, weight: Tensor, gradient: Tensor, state: dict[str, Tensor], step: int, num_steps: int) -> None:
        if self.momentum:
            gradient = state["velocity"].mul_(self.momentum).add_(gradient)
        weight.sub_(gradient, alpha=learning_rate(self.rate, self.schedule, step, num_steps))


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980, Algorithm 1).

    Args:
        rate: Learning rate at the first step.
        betas: Decay of the averages of gradient and squared gradient.
        epsilon: Added to the root of the squared average.
        schedule: How the rate falls.
    """

    rate: float = 0.02
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    schedule: Schedule = "cosine"

    def start(self, weight: Tensor) -> dict[str, Tensor]:
        return {"mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}

    def update(self, weight: Tensor, gradient: Tensor, state: dict[str, Tensor], step: int, num_steps: int) -> None:
        first, second = self.betas
        mean = state["mean"].lerp_(gradient, 1 - first)
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        root = square.div(1 - second ** (step + 1)).sqrt_().add_(self.epsilon)
        rate = learning_rate(self.rate, self.schedule, step, num_steps)
        weight.addcdiv_(mean, root, value=-rate / (1 - first ** (step + 1)))
