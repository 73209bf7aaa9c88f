"""Log-sum-exp over similarities in tiles: memory O(rows + columns), forward and backward.

Every contrastive loss here is a difference between positives and ``log Σ_j exp(x_i · y_j / τ)``. The latter is computed
tile by tile and recomputed tile by tile in the backward pass, so that the matrix of logits is never held. As unit
vectors bound the logits by 1/τ, no running maximum is needed: exp(1/τ) fits into the dtype, and rows and columns need
no scale of their own, so that a symmetric matrix can be computed from its upper half.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# exp(±limit), summed over millions of columns and inverted in the backward, neither over- nor underflows.
_LIMIT = {torch.float32: 50.0, torch.float64: 600.0}
MIN_TEMPERATURE = 1 / _LIMIT[torch.float64]


def unit(z: Tensor) -> Tensor:
    """Scales the rows of ``(batch, dim)`` to length 1, in float32, or float64 if they come in it."""
    if z.ndim != 2:
        raise ValueError(f"embeddings have shape {tuple(z.shape)}; they must be (batch, dim)")
    return F.normalize(z if z.dtype == torch.float64 else z.float(), dim=1)


def unit_pair(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """Applies ``unit`` to a pair of embeddings; row i of one belongs to row i of the other."""
    if z1.shape != z2.shape:
        raise ValueError(f"paired embeddings have shapes {tuple(z1.shape)} and {tuple(z2.shape)}; they must be equal")
    return unit(z1), unit(z2)


def check_temperature(temperature: float) -> None:
    """Raises ValueError for a temperature below 1/600, whose exponentials float64 can't hold, or that is NaN."""
    if not temperature >= MIN_TEMPERATURE:
        raise ValueError(f"temperature is {temperature}; it must be at least 1/600, or exp(1/temperature) overflows")


def logsumexp_similarity(
    rows: Tensor, columns: Tensor, temperature: float, exclude: int | None = None, tile: int | None = None
) -> Tensor:
    """Computes ``log Σ_j exp(rows_i · columns_j / τ)`` for every row, without holding the logits.

    Args:
        rows: ``(n, dim)`` unit vectors.
        columns: ``(m, dim)`` unit vectors.
        temperature: Temperature τ; below 1/50 the tiles are computed in float64, as float32 can't hold exp(1/τ).
        exclude: Leaves out column ``i + exclude`` of row i: the row itself, where the columns hold it.
        tile: Side of a tile; by default 512 on CPUs, whose cache holds it, else 4096.

    Returns:
        ``(n,)`` in the dtype of the rows.
    """
    return _apply(_Rectangle, temperature, tile, rows, columns, exclude)


def logsumexp_self_similarity(z: Tensor, temperature: float, tile: int | None = None) -> Tensor:
    """Computes ``log Σ_{j≠i} exp(z_i · z_j / τ)`` for unit vectors ``(n, dim)`` from half of the tiles, by symmetry."""
    return _apply(_Symmetric, temperature, tile, z)


def _apply(
    function: type[torch.autograd.Function],
    temperature: float,
    tile: int | None,
    z: Tensor,
    *others: Tensor | int | None,
) -> Tensor:
    check_temperature(temperature)
    arguments = (z, *others)
    if 1 / temperature > _LIMIT[z.dtype]:
        arguments = tuple(each.double() if isinstance(each, Tensor) else each for each in arguments)
    tile = tile or (512 if z.device.type == "cpu" else 4096)
    return function.apply(temperature, tile, *arguments).to(z.dtype)


class _Rectangle(torch.autograd.Function):
    """Rows against columns.

    With E_ij = exp(x_i·y_j/τ), r_i = Σ_j E_ij and an incoming gradient g_i, the gradients are ∂x_i = g_i/(τ r_i) Σ_j
    E_ij y_j and ∂y_j = 1/τ Σ_i E_ij (g_i/r_i) x_i.
    """

    @staticmethod
    def forward(ctx: Any, temperature: float, tile: int, rows: Tensor, columns: Tensor, exclude: int | None) -> Tensor:
        sums = rows.new_zeros(len(rows))
        for i, _, similarity in _rectangle(rows, columns, temperature, exclude, tile):
            sums[i] += similarity.sum(1)
        ctx.save_for_backward(rows, columns, sums)
        ctx.options = temperature, exclude, tile
        return sums.log()

    @staticmethod
    @once_differentiable  # which hides the name of ctx:
    # pyrefly: ignore[bad-override]
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor | None, Tensor | None, None]:
        (gradient,) = gradients
        rows, columns, sums = ctx.saved_tensors
        need_rows, need_columns = ctx.needs_input_grad[2:4]
        temperature = ctx.options[0]
        weight = (gradient / (sums * temperature)).unsqueeze(1)
        grad_rows = torch.zeros_like(rows) if need_rows else None
        grad_columns = torch.zeros_like(columns) if need_columns else None
        weighted = weight * rows
        for i, j, similarity in _rectangle(rows, columns, *ctx.options):
            if grad_rows is not None:
                grad_rows[i].addmm_(similarity, columns[j])
            if grad_columns is not None:
                grad_columns[j].addmm_(similarity.T, weighted[i])
        return None, None, grad_rows if grad_rows is None else grad_rows.mul_(weight), grad_columns, None


class _Symmetric(torch.autograd.Function):
    """All rows against all others.

    With E and r as above and b_i = g_i/(τ r_i), the gradient is ∂z_i = Σ_j E_ij (b_i + b_j) z_j; both halves of the
    matrix come from the same tile.
    """

    @staticmethod
    def forward(ctx: Any, temperature: float, tile: int, z: Tensor) -> Tensor:
        sums = z.new_zeros(len(z))
        for i, j, similarity in _triangle(z, temperature, tile):
            sums[i] += similarity.sum(1)
            if i != j:
                sums[j] += similarity.sum(0)
        ctx.save_for_backward(z, sums)
        ctx.options = temperature, tile
        return sums.log()

    @staticmethod
    @once_differentiable  # which hides the name of ctx:
    # pyrefly: ignore[bad-override]
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        (gradient,) = gradients
        z, sums = ctx.saved_tensors
        temperature, tile = ctx.options
        weight = gradient / (sums * temperature)
        grad = torch.zeros_like(z)
        both = z.new_empty(min(tile, len(z)) ** 2)
        for i, j, similarity in _triangle(z, temperature, tile):
            pair = both[: similarity.numel()].view_as(similarity)
            similarity.mul_(torch.add(weight[i].unsqueeze(1), weight[j], out=pair))
            grad[i].addmm_(similarity, z[j])
            if i != j:
                grad[j].addmm_(similarity.T, z[i])
        return None, None, grad


def _rectangle(
    rows: Tensor, columns: Tensor, temperature: float, exclude: int | None, tile: int
) -> Iterator[tuple[slice, slice, Tensor]]:
    """Yields the tiles of exp(rows · columnsᵀ / τ) and their places; each is in the same memory as the last."""
    buffer = rows.new_empty(min(tile, len(rows)) * min(tile, len(columns)))
    scaled = rows * (math.log2(math.e) / temperature)  # exp2 is several times as fast as exp on CPUs
    for i in _slices(len(rows), tile):
        for j in _slices(len(columns), tile):
            shape = i.stop - i.start, j.stop - j.start
            similarity = _exp_similarity(scaled[i], columns[j], buffer[: shape[0] * shape[1]].view(shape))
            if exclude is not None and -shape[0] < (diagonal := i.start + exclude - j.start) < shape[1]:
                similarity.diagonal(diagonal).zero_()
            yield i, j, similarity


def _triangle(z: Tensor, temperature: float, tile: int) -> Iterator[tuple[slice, slice, Tensor]]:
    """Yields the tiles on and above the diagonal of exp(z · zᵀ / τ), with similarities to oneself set to zero."""
    buffer = z.new_empty(min(tile, len(z)) ** 2)
    scaled = z * (math.log2(math.e) / temperature)
    for i in _slices(len(z), tile):
        for j in _slices(len(z), tile, i.start):
            shape = i.stop - i.start, j.stop - j.start
            similarity = _exp_similarity(scaled[i], z[j], buffer[: shape[0] * shape[1]].view(shape))
            if i == j:
                similarity.fill_diagonal_(0)
            yield i, j, similarity


def _exp_similarity(scaled: Tensor, columns: Tensor, out: Tensor) -> Tensor:
    # Autocast leaves functions with ``out`` alone, so that the logits stay in float32 under mixed precision.
    return torch.mm(scaled, columns.T, out=out).exp2_()


def _slices(length: int, tile: int, start: int = 0) -> Iterator[slice]:
    for begin in range(start, length, tile):
        yield slice(begin, min(begin + tile, length))
