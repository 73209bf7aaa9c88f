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


def _source(x: Tensor, generator: Generator | None) -> torch.device:
    return x.device if generator is None else generator.device


def _on(x: Tensor, drawn: Tensor) -> Tensor:
    return drawn.to(x.device, non_blocking=True)
