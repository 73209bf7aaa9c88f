"""Perturbations that a view can learn within a budget, and the exact moments of the perturbed views."""

from dataclasses import replace
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from theory.closed_forms.best_response import additive_response, destroy_response
from theory.model.groups import GroupModel
from theory.model.moments import moments
from theory.model.parameters import parameters_of


class Adversary(Protocol):
    """A perturbation within a budget; its parameters are a tensor of any shape."""

    def start(self) -> Tensor:
        """Returns initial parameters."""
        ...

    def project(self, parameters: Tensor) -> Tensor:
        """Returns the nearest parameters that keep the budget."""
        ...

    def moments(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the diagonals (second, cross) of the perturbed views, differentiable."""
        ...

    def spent(self, parameters: Tensor) -> Tensor:
        """Returns the part of the budget that each group or direction costs."""
        ...

    def best_response(self) -> Tensor:
        """Returns ``spent`` of the closed form, against an encoder that answers optimally and has room for all."""
        ...


class DestroyAdversary:
    """Chooses the groups' destroy probabilities under ``Σ_k d_k p_k = budget``.

    Args:
        model: Model; its groups' own destroy probabilities are replaced.
        budget: Expected number of destroyed directions per view.
    """

    def __init__(self, model: GroupModel, budget: float):
        self.model = model
        self.budget = budget
        self.counts = torch.tensor([float(g.num_directions) for g in model.groups], dtype=torch.float64)
        if not 0 <= budget <= self.counts.sum():
            raise ValueError(f"budget must be between 0 and the {self.counts.sum():g} directions, not {budget}")

    def start(self) -> Tensor:
        return torch.full_like(self.counts, self.budget / self.counts.sum().item())

    def moments(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        exact = moments(self.model, replace(parameters_of(self.model), destroy=parameters[None]))
        return exact.second[0], exact.cross[0]

    def spent(self, parameters: Tensor) -> Tensor:
        return parameters

    def best_response(self) -> Tensor:
        intact = self.model
        for group in self.model.groups:
            intact = intact.with_group(group.name, destroy=0.0)
        correlation = moments(intact).correlation
        first = torch.stack([correlation[intact.directions(g.name).start] for g in intact.groups])
        return destroy_response(first, self.counts, self.budget)

    def project(self, parameters: Tensor) -> Tensor:
        """Returns the nearest probabilities that spend the budget, ``clamp(θ − ν d, 0, 1)``.

        What they spend is linear in ν between the values at which a group's probability leaves 0 or 1.
        """
        values, counts = parameters.numpy(), self.counts.numpy()
        bends = np.sort(np.concatenate([values - 1, values]) / np.concatenate([counts, counts]))[::-1]
        spent = np.clip(values - bends[:, None] * counts, 0, 1) @ counts  # from nothing to everything
        shift = np.interp(self.budget, spent, bends)
        return torch.from_numpy(np.clip(values - shift * counts, 0, 1))


class AdditiveAdversary:
    """Adds ``δ = −h x + b n`` per direction, n fresh noise in each view: the linear Viewmaker.

    The perturbation is rescaled onto its budget, as Viewmaker rescales by its distortion budget: the L2 budget is
    ``Σ E δ_i²``, the L1 budget ``Σ E|δ_i|`` for Gaussian δ, which is √(2/π) of its standard deviation.

    Args:
        model: Model whose views are perturbed.
        budget: ``E|δ|²`` (l2) or ``E‖δ‖₁`` (l1) of each view.
        norm: Whether the budget is that of l2 or l1.
    """

    def __init__(self, model: GroupModel, budget: float, norm: Literal["l1", "l2"] = "l2"):
        if budget <= 0:
            raise ValueError(f"budget must be positive, not {budget}")
        if norm not in ("l1", "l2"):
            raise ValueError(f"norm must be l1 or l2, not {norm!r}")
        self.model, self.budget, self.norm = model, budget, norm
        exact = moments(model)
        self.second, self.cross = exact.second, exact.cross

    def start(self) -> Tensor:
        return torch.stack([torch.full_like(self.second, 0.1), torch.full_like(self.second, 1.0)])

    def project(self, parameters: Tensor) -> Tensor:
        """Returns the parameters, which any scale turns into the same perturbation."""
        return parameters

    def moments(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        pull, noise = self._scaled(parameters)
        gain = 1 - pull
        return gain.square() * self.second + noise.square(), gain.square() * self.cross

    def spent(self, parameters: Tensor) -> Tensor:
        pull, noise = self._scaled(parameters)
        return self._cost(pull.square() * self.second + noise.square())

    def best_response(self) -> Tensor:
        """Returns the distortions of the closed form; ValueError for the L1 budget, which is not convex."""
        if self.norm == "l1":
            raise ValueError("the L1 budget has no closed-form best response")
        return additive_response(self.second, self.cross, self.budget)

    def _scaled(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        pull, noise = parameters
        cost = self._cost(pull.square() * self.second + noise.square()).sum()
        scale = (self.budget / cost) ** (0.5 if self.norm == "l2" else 1.0)
        return scale * pull, scale * noise

    def _cost(self, square: Tensor) -> Tensor:
        return square if self.norm == "l2" else (2 / torch.pi * square + 1e-18).sqrt()
