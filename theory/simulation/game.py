"""The game between an encoder and a view that learns.

The encoder W descends the population spectral loss; the view ascends it by the parameters of a perturbation within a
budget, as a Viewmaker does. Moments are exact, so that what shows is the game and not sampling noise.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from theory.closed_forms.optimum import population_gradient, population_loss
from theory.simulation.adversaries import Adversary

Updates = Literal["simultaneous", "alternating", "best-response"]


@dataclass(frozen=True)
class Game:
    """Trajectories of both players.

    Args:
        spent: Part of the budget that each group or direction costs, (steps, groups or directions).
        correlation: Correlation λ of the perturbed views, (steps, directions).
        energy: Energy that the encoder gives to each direction, (steps, directions).
        loss: Population loss, (steps,).
    """

    spent: Tensor
    correlation: Tensor
    energy: Tensor
    loss: Tensor

    def cycling(self) -> float:
        """Returns half the largest range of ``spent`` in the last quarter of steps, relative to the largest mean."""
        late = self.spent[-len(self.spent) // 4 :]
        return ((late.amax(0) - late.amin(0)).max() / (2 * late.mean(0).max().clamp_min(1e-12))).item()


def play(
    adversary: Adversary,
    dim: int,
    *,
    updates: Updates = "simultaneous",
    num_steps: int = 2000,
    encoder_lr: float = 0.01,
    view_lr: float = 0.02,
    seed: int = 0,
) -> Game:
    """Plays the game: Adam for the encoder, projected gradient ascent for the view.

    Args:
        adversary: View.
        dim: Embedding dimension.
        updates: ``simultaneous``: both gradients at the same point, as with gradient reversal. ``alternating``: the
            view answers the encoder's new weights, as in Viewmaker's published code. ``best-response``: the encoder is
            optimal against every view, and the view ascends −Σ λ².
        num_steps: Number of steps of either player.
        encoder_lr: Learning rate of the encoder.
        view_lr: Learning rate of the view.
        seed: Seed of the encoder's initial weights.
    """
    if updates not in get_args(Updates):
        raise ValueError(f"updates must be simultaneous, alternating or best-response, not {updates!r}")
    parameters = adversary.start().clone()
    num = len(adversary.moments(parameters)[0])
    generator = torch.Generator().manual_seed(seed)
    weight = 0.1 * torch.randn(dim, num, generator=generator, dtype=torch.float64) / num**0.5
    encoder = torch.optim.Adam([weight], lr=encoder_lr)
    view = torch.optim.SGD([parameters], lr=view_lr, maximize=True)
    history: list[tuple[Tensor, ...]] = []
    for _ in range(num_steps):
        history.append(_observe(adversary, parameters, weight, dim if updates == "best-response" else None))
        before = weight.clone()
        if updates != "best-response":
            weight.grad = _encoder_gradient(adversary, parameters, weight)
            encoder.step()
        seen = {"simultaneous": before, "alternating": weight, "best-response": None}[updates]
        parameters.grad = _view_gradient(adversary, parameters, seen, dim)
        view.step()
        parameters.copy_(adversary.project(parameters))
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
