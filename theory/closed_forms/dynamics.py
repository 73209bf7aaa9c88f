"""Speed of learning: gradient flow, its saddles, and the saturation of InfoNCE with few negatives."""

from dataclasses import dataclass

import torch
from torch import Tensor

from theory.closed_forms.optimum import population_gradient
from theory.losses.loss import Loss, known_form
from theory.model.groups import GroupModel
from theory.model.moments import moments


@dataclass(frozen=True)
class LearningTimes:
    """Logistic curves of the squared weights u of each direction under gradient flow from small diagonal weights.

    ``du/dt = 8 C u (1 − u/u*)``, u* = C/S², so that ``u(t) = u*/(1 + (u*/u_0 − 1) exp(−8 C t))``. The order of
    learning is that of the covariances C (strength), while the optimum prefers correlations C/S.

    Args:
        half: Times at which u = u*/2, (directions,); inf for what is never learned.
        rate: 8 C, (directions,).
        final: u*, (directions,).
        initial: u_0.
    """

    half: Tensor
    rate: Tensor
    final: Tensor
    initial: float

    def at(self, times: Tensor) -> Tensor:
        """Returns u(t), (times, directions)."""
        growth = torch.exp(-self.rate * times[:, None])
        return self.final / (1 + (self.final / self.initial - 1) * growth)


def learning_times(model: GroupModel, init: float = 1e-2) -> LearningTimes:
    """Returns how the spectral loss learns each direction when the embedding has room for all.

    Args:
        model: Model.
        init: Initial weight w_0 > 0 of every direction on its own output; u_0 = w_0².

    Raises:
        ValueError: init is not positive and below every final weight.
    """
    exact = moments(model)
    final = exact.cross / exact.second**2
    if not 0 < init**2 < final[exact.cross > 0].min():
        raise ValueError(f"init must be positive and below every final weight √(C/S²), not {init}")
    half = torch.log(final / init**2 - 1) / (8 * exact.cross)
    return LearningTimes(torch.where(exact.cross > 0, half, torch.inf), 8 * exact.cross, final, init**2)


def escape_rate(model: GroupModel, held: int, waiting: int) -> float:
    """Returns the growth rate ``4 S_w (λ_w − λ_h)`` of a direction that waits while another holds its place.

    Strong directions are learned first; where their correlation is lower, that is a strict saddle, left at this rate.

    Args:
        model: Model.
        held: Index of the direction that holds the place in the bottleneck.
        waiting: Index of the direction that waits.
    """
    exact = moments(model)
    return (4 * exact.second[waiting] * (exact.correlation[waiting] - exact.correlation[held])).item()


def starved_growth(model: GroupModel, group: str, positive_probability: float, temperature: float = 1.0) -> float:
    """Returns the growth rate ``(2/τ) C_B (1 − p̄)`` of a small weight on a group under InfoNCE with a dot product.

    An easy rival (p̄ → 1) slows the group by a factor of 1/(1 − p̄); with many negatives p̄ → 0 and the effect vanishes.
    No optimum moves.

    Args:
        model: Model.
        group: Name of the group B.
        positive_probability: Mean softmax probability p̄ in [0, 1] that the other groups alone give to the positive.
        temperature: Temperature τ.
    """
    if not 0 <= positive_probability <= 1:
        raise ValueError(f"positive_probability must be in [0, 1], not {positive_probability}")
    cross = moments(model).cross[model.directions(group).start].item()
    return 2 / temperature * cross * (1 - positive_probability)


def gradient_flow(
    model: GroupModel, loss: Loss, weight: Tensor, times: Tensor, max_step: float | None = None
) -> Tensor:
    """Integrates ``dW/dt = −∂L/∂W`` of the population loss by fourth-order Runge–Kutta.

    Args:
        model: Model; its basis plays no part, as weights are in the coordinates of the directions.
        loss: Loss with a quadratic form.
        weight: Weights at time 0, (…, dim, directions).
        times: Increasing times ≥ 0, (times,).
        max_step: Largest step; default 0.05/max S, as the fastest growth rate is 8 C.

    Returns:
        Weights at those times, (times, …, dim, directions).
    """
    exact = moments(model)
    target, metric = known_form(loss).diagonals(exact)
    max_step = 0.05 / exact.second.max().item() if max_step is None else max_step
    weight = weight.to(target)
    now, path = 0.0, []
    for time in times.tolist():
        if time < now:
            raise ValueError(f"times must increase from 0 on, but {time} follows {now}")
        num_steps = int(-(-(time - now) // max_step))
        for _ in range(num_steps):
            weight = _runge_kutta(weight, target, metric, (time - now) / num_steps)
        now = time
        path.append(weight)
    return torch.stack(path)


def _runge_kutta(weight: Tensor, target: Tensor, metric: Tensor, step: float) -> Tensor:
    k1 = population_gradient(weight, target, metric)
    k2 = population_gradient(weight - step / 2 * k1, target, metric)
    k3 = population_gradient(weight - step / 2 * k2, target, metric)
    k4 = population_gradient(weight - step * k3, target, metric)
    return weight - step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
