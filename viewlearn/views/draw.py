"""Batched draws for ``View.sample``: one value (or one map) per sample, from an explicit generator.

Numbers are drawn on the generator's device and moved to x's, so that a CPU generator draws the same views on every
accelerator.
"""

import math

import torch
from torch import Generator, Tensor


def uniform(x: Tensor, low: float, high: float, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` float32 values, uniform in [low, high)."""
    return _on(x, torch.rand(len(x), *shape, generator=generator, device=_source(x, generator))) * (high - low) + low


def log_uniform(x: Tensor, low: float, high: float, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` float32 values in [low, high) whose logarithm is uniform: as many in each octave."""
    return uniform(x, math.log(low), math.log(high), generator, *shape).exp_()


def normal(x: Tensor, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` float32 values from the standard normal distribution."""
    return _on(x, torch.randn(len(x), *shape, generator=generator, device=_source(x, generator)))


def integers(x: Tensor, low: int, high: int, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` int64 values, uniform in {low, …, high − 1}."""
    return _on(x, torch.randint(low, high, (len(x), *shape), generator=generator, device=_source(x, generator)))


def bernoulli(x: Tensor, probability: float, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` booleans, True with ``probability``."""
    return uniform(x, 0.0, 1.0, generator, *shape) < probability


def other_bernoulli(drawn: Tensor, probability: float) -> tuple[Tensor, Tensor]:
    """Returns the booleans ``(batch,)`` other than those drawn, and the chance of drawing them: 0 if impossible."""
    chance = torch.where(drawn, 1 - probability, probability)
    return drawn ^ (chance > 0), chance


def other_integers(drawn: Tensor, low: int, high: int, generator: Generator | None) -> tuple[Tensor, float]:
    """Draws ``(batch,)`` int64 values in {low, …, high − 1} other than ``drawn``, and returns the chance of these."""
    if high - low == 1:
        return drawn, 0.0
    step = integers(drawn, 1, high - low, generator)
    return (drawn - low + step) % (high - low) + low, 1 - 1 / (high - low)


def _source(x: Tensor, generator: Generator | None) -> torch.device:
    return x.device if generator is None else generator.device


def _on(x: Tensor, drawn: Tensor) -> Tensor:
    return drawn.to(x.device, non_blocking=True)
