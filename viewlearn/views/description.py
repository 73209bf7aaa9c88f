"""Descriptors: what views did, in a few numbers that networks predict or are told."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from viewlearn.views.params import Params, leaves

GRID = 2  # rows and columns of cells that maps are averaged in


def side_by_side(parts: Sequence[Tensor]) -> Tensor:
    """Joins numbers of the same samples: ``(batch, num)`` each, to ``(batch, sum of num)``; (1, 0) if there are none.

    Flags and integers become float32. A part of one sample stands for all, as one of a view without parameters does.
    """
    some = [part if part.is_floating_point() else part.float() for part in parts if part.shape[1]]
    if not some:
        return torch.zeros(1, 0)
    batch = max(len(part) for part in some)
    return torch.cat([part.float().expand(batch, -1) for part in some], dim=1)


def columns(*values: Tensor) -> Tensor:
    """Puts numbers ``(batch,)`` or ``(batch, num)`` side by side, as float32."""
    return side_by_side([value if value.ndim == 2 else value[:, None] for value in values])


def flattened(params: Params) -> Tensor:
    """Flattens parameters, in their order: ``(batch, num)`` float32, (1, 0) if there are none."""
    return side_by_side([value.reshape(len(value), -1) for value in leaves(params)])


def pooled(resolved: Params) -> Tensor:
    """Averages maps over a 2 × 2 grid of cells, and sounds over two halves; other numbers stay: ``(batch, num)``."""
    return side_by_side([cells(value.detach()) for value in leaves(resolved)])


def cells(values: Tensor, grid: int = GRID) -> Tensor:
    """Averages ``(batch, channel, height, width)`` over grid × grid cells, ``(batch, channel, time)`` over as many.

    Others, and maps that are smaller than the grid, are flattened. Returns ``(batch, num)``.
    """
    values = values if values.is_floating_point() else values.float()
    if values.ndim == 4 and min(values.shape[2:]) >= grid:
        values = F.adaptive_avg_pool2d(values, grid)
    if values.ndim == 3 and values.shape[2] >= grid:
        values = F.adaptive_avg_pool1d(values, grid)
    return values.reshape(len(values), -1)


def within_range(value: Tensor, low: float, high: float, start: float) -> Tensor:
    """Measures where a number drawn from [low, high] lies, from ``start`` on and in lengths of the range.

    It is 0 at ``start``, and two numbers of the range differ by 1 at most; 0 where the range is a point.
    """
    return (value.float() - start) / (high - low) if high > low else torch.zeros_like(value, dtype=torch.float32)


def saturating(value: Tensor, unit: float) -> Tensor:
    """Maps a number without a known range into (−1, 1): v / (|v| + unit), which is ½ at one unit."""
    value = value.float()
    return value / (value.abs() + unit)
