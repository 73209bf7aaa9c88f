"""Spans of the last dimension, each sample's own: windows, circular shifts, and masks."""

import torch
from torch import Tensor


def windows(x: Tensor, start: Tensor, length: int) -> Tensor:
    """Cuts ``x[i, …, start[i] : start[i] + length]`` out of every sample i.

    On a CPU the windows are copied one by one, which is memory-bound; elsewhere one gather needs no synchronization.
    """
    if x.device.type == "cpu":
        return torch.stack([row.narrow(-1, s, length) for row, s in zip(x.unbind(0), start.tolist(), strict=True)])
    index = start[:, None] + torch.arange(length, device=x.device)
    return x.gather(-1, index[:, None].expand(-1, x.shape[1], -1))


def roll(x: Tensor, shift: Tensor) -> Tensor:
    """Shifts each sample along the last dimension, circularly, by its own number of entries."""
    if x.device.type == "cpu":
        size = x.shape[-1]
        starts = ((-shift) % size).tolist()
        parts = [part for row, s in zip(x.unbind(0), starts, strict=True) for part in (row[..., s:], row[..., :s])]
        return torch.cat(parts, dim=-1).unflatten(-1, (len(x), size)).movedim(-2, 0)
    index = (torch.arange(x.shape[-1], device=x.device) - shift[:, None]) % x.shape[-1]
    return x.gather(-1, index.reshape(len(x), *[1] * (x.ndim - 2), -1).expand_as(x))


def inside(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Booleans ``(*start.shape, size)``, True at the positions start ≤ i < start + length."""
    position = torch.arange(size, device=start.device)
    return (position >= start[..., None]) & (position < (start + length)[..., None])
