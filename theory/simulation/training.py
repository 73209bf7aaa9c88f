"""Training of many linear encoders as one batch: cells of a sweep times seeds."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from theory.closed_forms.optimum import population_gradient
from theory.losses.loss import Loss, known_form
from theory.model.groups import GroupModel
from theory.model.moments import moments
from theory.model.parameters import Parameters, parameters_of
from theory.model.sampling import Sampler
from theory.simulation.optimization import Optimization

Gradient = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Trained:
    """Trained encoders.

    Args:
        weight: (cells, seeds, dim, input_dim).
        steps: Numbers of finished steps at which weights were recorded.
        history: Recorded weights, (records, cells, seeds, dim, input_dim); None without recording.
    """

    weight: Tensor
    steps: tuple[int, ...] = ()
    history: Tensor | None = None


def train(
    model: GroupModel,
    loss: Loss,
    dim: int | None = None,
    optimization: Optimization | None = None,
    *,
    parameters: Parameters | None = None,
    start: Tensor | None = None,
    num_seeds: int = 1,
    seed: int = 0,
    record_every: int | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    progress: Callable[[int], object] | None = None,
) -> Trained:
    """Trains an encoder for every cell and seed, on fresh batches or on the exact population loss.

    A run is a function of its cell and of seed + its index alone: the initial weights and the batches of a seed are the
    same in every cell, and whatever is trained beside it.

    Args:
        model: Layout, and the numbers unless ``parameters`` gives them.
        loss: Loss that is minimized.
        dim: Embedding dimension m; default ``model.default_dim()``.
        optimization: Settings of gradient descent; default ``Optimization()``.
        parameters: Numbers of the cells.
        start: Initial weights, of a shape that broadcasts to (cells, seeds, dim, input_dim); default random.
        num_seeds: Number of runs per cell.
        seed: First seed.
        record_every: Number of steps between recorded weights, of which the first are the initial ones; default none.
        device: Device on which encoders are trained.
        dtype: Precision; float64 for comparisons with closed forms.
        progress: Called with 1 after each step.

    Raises:
        FloatingPointError: Weights are not finite at the end.
    """
    dim = model.default_dim() if dim is None else dim
    if dim < 1 or num_seeds < 1:
        raise ValueError(f"dim and num_seeds must be at least 1, not {dim} and {num_seeds}")
    optimization = Optimization() if optimization is None else optimization
    numbers = (parameters_of(model) if parameters is None else parameters).to(device)
    if start is None:
        start = _initial(model, dim, num_seeds, optimization.init, seed)
    weight = start.expand(len(numbers), num_seeds, dim, model.input_dim).to(device, dtype, copy=True)
    if optimization.population:
        gradient = _population_gradient(model, loss, numbers, dtype)
    else:
        gradient = _batch_gradient(loss, numbers, Sampler(model, num_seeds, loss.batch_size, seed, device, dtype))
    optimizer, scheduler = optimization.start(weight)
    steps: list[int] = []
    history: list[Tensor] = []
    for step in range(optimization.num_steps + 1):
        if record_every and step % record_every == 0:
            steps.append(step)
            history.append(weight.clone())
        if step == optimization.num_steps:
            break
        weight.grad = gradient(weight)
        optimizer.step()
        scheduler.step()
        if progress:
            progress(1)
    if not bool(torch.isfinite(weight).all()):
        raise FloatingPointError(f"weights diverged under {optimization}: try a smaller lr or init")
    weight.grad = None
    return Trained(weight, tuple(steps), torch.stack(history) if history else None)


def _initial(model: GroupModel, dim: int, num_seeds: int, init: float, seed: int) -> Tensor:
    # A stream apart from the batches', whose generators are seeded with the same numbers.
    generators = [torch.Generator().manual_seed(seed + index + 2**40) for index in range(num_seeds)]
    first = torch.stack([torch.randn(dim, model.num_directions, generator=g, dtype=torch.float64) for g in generators])
    if model.basis is not None:
        first = first @ model.basis.double().mT  # the same encoder in other coordinates
    return init / model.num_directions**0.5 * first


def _batch_gradient(loss: Loss, numbers: Parameters, sampler: Sampler) -> Gradient:
    def gradient(weight: Tensor) -> Tensor:
        x1, x2 = sampler.pairs(sampler.draw(), numbers)
        by_z1, by_z2 = loss.gradients(x1 @ weight.mT, x2 @ weight.mT)
        return by_z1.mT @ x1 + by_z2.mT @ x2 + loss.weight_gradient(weight)

    return gradient


def _population_gradient(model: GroupModel, loss: Loss, numbers: Parameters, dtype: torch.dtype) -> Gradient:
    target, metric = known_form(loss).diagonals(moments(model, numbers))
    target, metric = target[:, None].to(dtype), metric[:, None].to(dtype)

    def gradient(weight: Tensor) -> Tensor:
        by_directions = population_gradient(model.coordinates(weight), target, metric)
        return by_directions if model.basis is None else by_directions @ model.basis.to(weight).mT

    return gradient
