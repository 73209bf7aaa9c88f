"""Linear changes of resolution as matrix products, whose gradients are deterministic on every device."""

import functools
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

Kind = Literal["average", "linear", "cubic"]


def average_matrix(num_in: int, num_out: int) -> Tensor:
    """Makes the matrix ``(num_out, num_in)`` that averages a line of cells over ``num_out`` equal parts of it."""
    edges = torch.arange(num_out + 1, dtype=torch.float64) * (num_in / num_out)
    cells = torch.arange(num_in, dtype=torch.float64)
    overlap = torch.minimum(cells + 1, edges[1:, None]) - torch.maximum(cells, edges[:-1, None])
    return (overlap.clamp_min(0) * (num_out / num_in)).float()


def linear_matrix(num_in: int, num_out: int) -> Tensor:
    """Makes the matrix ``(num_out, num_in)`` of linear interpolation between the centers of cells, constant outside."""
    place = (torch.arange(num_out, dtype=torch.float64) + 0.5) * (num_in / num_out) - 0.5
    distance = (place.clamp(0, num_in - 1)[:, None] - torch.arange(num_in, dtype=torch.float64)).abs()
    return (1 - distance).clamp_min(0).float()


def cubic_matrix(num_in: int, num_out: int) -> Tensor:
    """Makes the matrix ``(num_out, num_in)`` of the uniform cubic B-spline whose control values span the line.

    The first and last of ``num_in`` ≥ 4 control values lie one step outside, so that weights are at least 0 and sum to
    1 everywhere. A step is ``num_out / (num_in − 3)`` cells; the slope of the curve is at most the largest difference
    of neighboring control values over that.
    """
    place = (torch.arange(num_out, dtype=torch.float64) + 0.5) * ((num_in - 3) / num_out) + 1
    distance = (place[:, None] - torch.arange(num_in, dtype=torch.float64)).abs()
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = (2 - distance).clamp_min(0) ** 3 / 6
    return torch.where(distance < 1, near, far).float()


KINDS: dict[Kind, Callable[[int, int], Tensor]] = {
    "average": average_matrix,
    "linear": linear_matrix,
    "cubic": cubic_matrix,
}


@functools.lru_cache(maxsize=64)
def _matrix(kind: Kind, num_in: int, num_out: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # it may be asked for again where gradients are recorded
        return KINDS[kind](num_in, num_out).to(device, dtype)


def resized(x: Tensor, size: Sequence[int], kind: Kind) -> Tensor:
    """Changes the last two dimensions to ``size``, in x's precision but at least float32.

    Args:
        x: ``(…, rows, columns)``.
        size: New numbers of rows and columns.
        kind: ``average`` to shrink, ``linear`` or ``cubic`` (a B-spline of control values) to enlarge.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        rows = _matrix(kind, x.shape[-2], size[0], x.device, x.dtype)
        columns = _matrix(kind, x.shape[-1], size[1], x.device, x.dtype)
        return rows @ x @ columns.mT
