"""Batched draws for ``View.sample``: one value (or one map) per sample, from an explicit generator.

Numbers are drawn on the generator's device and moved to x's, so that a CPU generator draws the same views on every
accelerator. A ``Tape`` for a generator records them, or plays them back.
"""

import math

import torch
from torch import Generator, Tensor

from viewlearn.views.tape import Draw, Tape, even, event

SMALLEST = 2.0**-24  # by which uniform numbers keep from 0 and 1, where a normal one would be infinite


def uniform(
    x: Tensor, low: float, high: float, generator: Generator | None, *shape: int, repeats: bool = False
) -> Tensor:
    """Draws ``(batch, *shape)`` float32 values, uniform in [low, high).

    Values that ``repeats`` says to be attempts, one after the other until one fits, are told apart by the first alone.
    """
    if isinstance(generator, Tape):
        unit = generator.take(
            even(shape, repeats=repeats) if low < high else Draw(shape, ()), lambda source: _unit(x, source, shape)
        )
    else:
        unit = _unit(x, generator, shape)
    return unit * (high - low) + low


def log_uniform(
    x: Tensor, low: float, high: float, generator: Generator | None, *shape: int, repeats: bool = False
) -> Tensor:
    """Draws ``(batch, *shape)`` float32 values in [low, high) whose logarithm is uniform: as many in each octave."""
    return uniform(x, math.log(low), math.log(high), generator, *shape, repeats=repeats).exp_()


def normal(x: Tensor, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` float32 values from the standard normal distribution."""

    def plain(source: Generator | None) -> Tensor:
        return _on(x, torch.randn(len(x), *shape, generator=source, device=_source(x, source)))

    if not isinstance(generator, Tape):
        return plain(generator)
    law = even(shape)
    if not law.cells:
        return generator.take(law, plain)
    unit = generator.take(law, lambda source: _unit(x, source, shape))
    return torch.special.ndtri(unit.clamp(SMALLEST, 1 - SMALLEST))


def integers(x: Tensor, low: int, high: int, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` int64 values, uniform in {low, …, high − 1}."""

    def plain(source: Generator | None) -> Tensor:
        return _on(x, torch.randint(low, high, (len(x), *shape), generator=source, device=_source(x, source)))

    if not isinstance(generator, Tape):
        return plain(generator)
    law = even(shape, high - low, discrete=True)
    if not law.cells:
        return generator.take(law, plain)
    unit = generator.take(law, lambda source: _unit(x, source, shape))
    return (unit.detach() * (high - low)).long() + low


def bernoulli(x: Tensor, probability: float, generator: Generator | None, *shape: int) -> Tensor:
    """Draws ``(batch, *shape)`` booleans, True with ``probability``."""
    if isinstance(generator, Tape):
        unit = generator.take(event(shape, probability), lambda source: _unit(x, source, shape))
    else:
        unit = _unit(x, generator, shape)
    return unit < probability


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


def _unit(x: Tensor, generator: Generator | None, shape: tuple[int, ...]) -> Tensor:
    return _on(x, torch.rand(len(x), *shape, generator=generator, device=_source(x, generator)))


def _source(x: Tensor, generator: Generator | None) -> torch.device:
    return x.device if generator is None else generator.device


def _on(x: Tensor, drawn: Tensor) -> Tensor:
    return drawn.to(x.device, non_blocking=True)
