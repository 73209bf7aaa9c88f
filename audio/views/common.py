"""What the audio views share: checked ranges, per-sample values, windows and circular shifts."""

import math

import torch
from torch import Generator, Tensor

from viewlearn.views import draw

Range = tuple[float, float]


def check_range(name: str, value: Range, minimum: float = -math.inf, maximum: float = math.inf) -> Range:
    """``value`` as a pair low ≤ high within [minimum, maximum]; raises ValueError otherwise."""
    if len(value) != 2 or not minimum <= value[0] <= value[1] <= maximum:
        raise ValueError(f"{name} is {value}; it must be (low, high) with {minimum} <= low <= high <= {maximum}")
    return float(value[0]), float(value[1])


def check_probability(name: str, value: float) -> float:
    """``value`` if it lies in [0, 1]; raises ValueError otherwise."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; it must lie in [0, 1]")
    return value


def require(owner: object, **bound: object) -> None:
    """Raises ValueError for a data-dependent argument that was neither given nor bound from the data."""
    for name, value in bound.items():
        if value is None:
            raise ValueError(
                f"{type(owner).__name__} needs {name}: give it, or build the run from data, which binds it by name"
            )


def log_uniform(x: Tensor, low: float, high: float, generator: Generator | None) -> Tensor:
    """``(batch,)`` values whose logarithm is uniform: as many draws in each octave."""
    return draw.uniform(x, math.log(low), math.log(high), generator).exp()


def per_sample(value: Tensor, x: Tensor) -> Tensor:
    """``(batch,)`` values in x's floating-point type and with as many dimensions as x, ready to broadcast."""
    return value.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def windows(x: Tensor, start: Tensor, length: int) -> Tensor:
    """``x[i, …, start[i] : start[i] + length]`` for every sample i.

    On a CPU the windows are copied one by one, which is memory-bound; elsewhere one gather needs no synchronization.
    """
    if x.device.type == "cpu":
        return torch.stack([row.narrow(-1, s, length) for row, s in zip(x.unbind(0), start.tolist(), strict=True)])
    index = start[:, None] + torch.arange(length, device=x.device)
    return x.gather(-1, index[:, None].expand(-1, x.shape[1], -1))


def roll(x: Tensor, shift: Tensor) -> Tensor:
    """Each sample of x shifted along its last dimension by its own number of entries, circularly."""
    if x.device.type == "cpu":
        size = x.shape[-1]
        starts = ((-shift) % size).tolist()
        parts = [part for row, s in zip(x.unbind(0), starts, strict=True) for part in (row[..., s:], row[..., :s])]
        return torch.cat(parts, dim=-1).unflatten(-1, (len(x), size)).movedim(-2, 0)
    index = (torch.arange(x.shape[-1], device=x.device) - shift[:, None]) % x.shape[-1]
    return x.gather(-1, index.reshape(len(x), *[1] * (x.ndim - 2), -1).expand_as(x))


def inside(start: Tensor, length: Tensor, size: int) -> Tensor:
    """``(*start.shape, size)`` booleans, True at the positions start ≤ i < start + length."""
    position = torch.arange(size, device=start.device)
    return (position >= start[..., None]) & (position < (start + length)[..., None])


def fast_length(n: int) -> int:
    """The smallest even number ≥ n whose only prime factors are 2, 3 and 5: a length at which the FFT is fast."""
    best = 2 ** max(1, math.ceil(math.log2(max(n, 1))))
    for threes in range(8):
        for fives in range(6):
            odd = 3**threes * 5**fives
            twos = max(1, math.ceil(math.log2(max(n / odd, 1))))
            if odd * 2**twos >= n:
                best = min(best, odd * 2**twos)
    return best
