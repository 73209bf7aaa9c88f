"""Training of many linear encoders as one batch: cells of a sweep times seeds."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from theory.closed_forms.optimum import population_gradient, score_form
from theory.losses.losses import Loss
from theory.model.groups import GroupModel
from theory.model.moments import moments
from theory.model.parameters import Parameters, parameters_of
from theory.model.sampling import Sampler
from theory.simulation.optimizers import Adam, Optimizer


@dataclass(frozen=True)
class Trained:
    """``weight`` (cells, seeds, dim, input_dim); with recording, ``history`` (records, cells, seeds, dim, input_dim)
    at the numbers of finished ``steps``."""

    weight: Tensor
    steps: tuple[int, ...] = ()
    history: Tensor | None = None


def train(
    model: GroupModel,
    loss: Loss,
    dim: int | None = None,
    *,
    parameters: Parameters | None = None,
    num_seeds: int = 1,
    num_steps: int = 600,
    optimizer: Optimizer | None = None,
    population: bool = False,
    init: float | Tensor = 0.3,
    seed: int = 0,
    record_every: int | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    progress: Callable[[int], object] | None = None,
) -> Trained:
    """Trains an encoder for every cell and seed, on fresh batches or on the exact population loss.

    A run is a function of its cell and of (seed + its index): the initial weights and batches of a seed are those of
    every cell, whatever else is trained beside it.

    Args:
        model: The layout, and the numbers unless ``parameters`` gives them.
        loss: What is minimized.
        dim: Embedding dimension m; default ``model.default_dim()``.
        parameters: Numbers of the cells.
        num_seeds: Runs per cell.
        num_steps: Optimizer steps.
        optimizer: Default Adam(rate 0.02, falling to 0 on a half cosine).
        population: Use the exact gradient of the infinite data set (Spectral, CovarianceContrast, InfoNCE with dot).
        init: Initial weights are normal with standard deviation init/√input_dim; or the weights, of a shape that
            broadcasts to (cells, seeds, dim, input_dim).
        seed: First seed.
        record_every: Keep the weights at the start and after every so many steps.
        device: CPU or an accelerator.
        dtype: Precision; float64 for comparisons with closed forms.
        progress: Called with 1 after each step.

    Raises:
        FloatingPointError: If weights are not finite at the end.
    """
    dim = model.default_dim() if dim is None else dim
    if dim < 1 or num_seeds < 1 or num_steps < 0:
        raise ValueError(f"dim and num_seeds are at least 1, num_steps 0, not {dim}, {num_seeds}, {num_steps}")
    numbers = (parameters_of(model) if parameters is None else parameters).to(device)
    optimizer = Adam() if optimizer is None else optimizer
    weight = _initial(model, dim, len(numbers), num_seeds, init, seed).to(device, dtype, copy=True)
    if population:
        gradient = _population(model, loss, numbers, dtype)
    else:
        gradient = _sampled(model, loss, numbers, num_seeds, seed, device, dtype)
    state = optimizer.start(weight)
    steps, history = [], []
    for step in range(num_steps + 1):
        if record_every and step % record_every == 0:
            steps.append(step)
            history.append(weight.clone())
        if step == num_steps:
            break
        optimizer.update(weight, gradient(weight), state, step, num_steps)
        if progress:
            progress(1)
    if not bool(torch.isfinite(weight).all()):
        raise FloatingPointError(f"weights diverged under {optimizer}: take a smaller rate or init")
    return Trained(weight, tuple(steps), torch.stack(history) if history else None)


def _initial(model: GroupModel, dim: int, num_cells: int, num_seeds: int, init: float | Tensor, seed: int) -> Tensor:
    if isinstance(init, Tensor):
        return init.expand(num_cells, num_seeds, dim, model.input_dim)
    # A stream apart from the batches', whose generators are seeded with the same numbers.
    generators = [torch.Generator().manual_seed(seed + index + 2**40) for index in range(num_seeds)]
    first = torch.stack([torch.randn(dim, model.num_directions, generator=g, dtype=torch.float64) for g in generators])
    if model.basis is not None:
        first = first @ model.basis.double().mT  # the same encoder in other coordinates
    return (init / model.num_directions**0.5 * first).expand(num_cells, -1, -1, -1)


def _sampled(model, loss, numbers, num_seeds, seed, device, dtype) -> Callable[[Tensor], Tensor]:
    sampler = Sampler(model, num_seeds, loss.batch_size, seed, device, dtype)

    def gradient(weight: Tensor) -> Tensor:
        x1, x2 = sampler.pairs(sampler.draw(), numbers)
        by_z1, by_z2 = loss.gradients(x1 @ weight.mT, x2 @ weight.mT)
        return by_z1.mT @ x1 + by_z2.mT @ x2 + loss.weight_gradient(weight)

    return gradient


def _population(model, loss, numbers, dtype) -> Callable[[Tensor], Tensor]:
    target, metric = score_form(loss).quadratic(moments(model, numbers))
    target, metric = target[:, None].to(dtype), metric[:, None].to(dtype)

    def gradient(weight: Tensor) -> Tensor:
        if model.basis is None:
            return population_gradient(weight, target, metric)
        basis = model.basis.to(weight)
        return population_gradient(weight @ basis, target, metric) @ basis.mT

    return gradient
