"""A learned adversary in the linear model: an encoder and its views, trained against each other.

The encoder W descends the population spectral loss; the view ascends it by the parameters of a perturbation within a
budget, as a Viewmaker does. Both moments are exact, so that what is seen is the game and not sampling noise.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from theory.closed_forms.optimum import population_gradient, population_loss
from theory.simulation.adversaries import Adversary, DestroyAdversary
from theory.simulation.optimizers import Adam, GradientDescent, Optimizer

Schedule = Literal["simultaneous", "alternating", "best-response"]


@dataclass(frozen=True)
class Game:
    """Trajectories: ``spent`` (steps, groups or directions), ``correlation`` λ and encoder ``energy`` (steps,
    directions), and the ``loss`` (steps,)."""

    spent: Tensor
    correlation: Tensor
    energy: Tensor
    loss: Tensor

    def cycling(self) -> float:
        """Half the largest range of any entry of ``spent`` in the last quarter, relative to the largest mean there."""
        late = self.spent[-len(self.spent) // 4 :]
        return ((late.amax(0) - late.amin(0)).max() / (2 * late.mean(0).max().clamp_min(1e-12))).item()


def play(
    adversary: Adversary,
    dim: int,
    *,
    schedule: Schedule = "simultaneous",
    num_steps: int = 2000,
    encoder_optimizer: Optimizer | None = None,
    view_optimizer: Optimizer | None = None,
    encoder_steps: int = 1,
    init: float = 0.1,
    seed: int = 0,
) -> Game:
    """Plays the game by gradient steps.

    Args:
        adversary: The view.
        dim: Embedding dimension.
        schedule: ``simultaneous``: both gradients at the same point, as with gradient reversal. ``alternating``: the
            view answers the encoder's new weights, as Viewmaker's published code does. ``best-response``: the encoder
            is optimal against every view (the view then ascends −Σ λ² directly).
        num_steps: Steps of the view.
        encoder_optimizer: Default Adam(0.01, constant rate).
        view_optimizer: Default GradientDescent(0.02).
        encoder_steps: Encoder steps for each step of the view.
        init: Scale of the encoder's initial weights.
        seed: Of those weights.
    """
    if schedule not in ("simultaneous", "alternating", "best-response"):
        raise ValueError(f"schedule is simultaneous, alternating or best-response, not {schedule!r}")
    encoder_optimizer = encoder_optimizer or Adam(0.01, schedule="constant")
    view_optimizer = view_optimizer or GradientDescent(0.02)
    parameters = adversary.start().clone()
    num = len(adversary.moments(parameters)[0])
    generator = torch.Generator().manual_seed(seed)
    weight = init * torch.randn(dim, num, generator=generator, dtype=torch.float64) / num**0.5
    encoder_state, view_state = encoder_optimizer.start(weight), view_optimizer.start(parameters)
    history: list[tuple[Tensor, ...]] = []
    for step in range(num_steps):
        history.append(_observe(adversary, parameters, weight, dim if schedule == "best-response" else None))
        before = weight.clone()
        if schedule != "best-response":
            for inner in range(encoder_steps):
                gradient = _encoder_gradient(adversary, parameters, weight)
                count = step * encoder_steps + inner
                encoder_optimizer.update(weight, gradient, encoder_state, count, num_steps * encoder_steps)
        seen = {"simultaneous": before, "alternating": weight, "best-response": None}[schedule]
        ascent = -_view_gradient(adversary, parameters, seen, dim)
        view_optimizer.update(parameters, ascent, view_state, step, num_steps)
        if isinstance(adversary, DestroyAdversary):
            parameters = adversary.project(parameters)  # projected ascent
    return Game(*(torch.stack(part) for part in zip(*history, strict=True)))


def _loss(adversary: Adversary, parameters: Tensor, weight: Tensor | None, dim: int) -> Tensor:
    second, cross = adversary.moments(parameters)
    if weight is None:
        return -(cross / second).clamp_min(0).topk(min(dim, len(second))).values.square().sum()
    return population_loss(weight, cross, second)


def _encoder_gradient(adversary: Adversary, parameters: Tensor, weight: Tensor) -> Tensor:
    with torch.no_grad():
        second, cross = adversary.moments(parameters)
    return population_gradient(weight, cross, second)


def _view_gradient(adversary: Adversary, parameters: Tensor, weight: Tensor | None, dim: int) -> Tensor:
    parameters = parameters.detach().requires_grad_()
    return torch.autograd.grad(_loss(adversary, parameters, weight, dim), parameters)[0]


@torch.no_grad()
def _observe(adversary: Adversary, parameters: Tensor, weight: Tensor, optimal_dim: int | None) -> tuple[Tensor, ...]:
    second, cross = adversary.moments(parameters)
    correlation = cross / second
    if optimal_dim is None:
        energy = weight.square().sum(0) * second
        loss = population_loss(weight, cross, second)
    else:
        kept = correlation.topk(min(optimal_dim, len(correlation)))
        energy = torch.zeros_like(correlation).scatter(0, kept.indices, kept.values)
        loss = -kept.values.square().sum()
    return adversary.spent(parameters).clone(), correlation, energy, loss
