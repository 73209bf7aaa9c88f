"""Log-sum-exp over similarities in tiles: memory O(rows + columns), forward and backward.

Every contrastive loss here is a difference of positives and of ``log Σ_j exp(x_i · y_j / τ)``. The latter is computed
tile by tile and recomputed tile by tile in the backward, so that the matrix of logits is never held. As unit vectors
bound the logits by 1/τ, no running maximum is needed: exp(1/τ) fits into the dtype, and the sums are the same for rows
and for columns, which lets a symmetric matrix be computed by its upper half.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# exp(±limit), summed over millions of columns and inverted in the backward, neither over- nor underflows.
_LIMIT = {torch.float32: 50.0, torch.float64: 600.0}
MIN_TEMPERATURE = 1 / _LIMIT[torch.float64]


def unit(z: Tensor) -> Tensor:
    """Rows of ``(batch, dim)`` scaled to length 1, in float32 at least, whatever precision they come in."""
    if z.ndim != 2:
        raise ValueError(f"embeddings have shape {tuple(z.shape)}; they must be (batch, dim)")
    return F.normalize(z if z.dtype == torch.float64 else z.float(), dim=1)


def unit_pair(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """Both of a pair of embeddings as ``unit`` makes them; row i of one belongs to row i of the other."""
    if z1.shape != z2.shape:
        raise ValueError(f"paired embeddings have shapes {tuple(z1.shape)} and {tuple(z2.shape)}; they must be equal")
    return unit(z1), unit(z2)


def check_temperature(temperature: float) -> None:
    """Raises ValueError for a temperature whose logits float64 can't hold, 1/600 and below, or that is no number."""
    if not temperature >= MIN_TEMPERATURE:
        raise ValueError(f"temperature is {temperature}; it must be at least 1/600, or exp(1/temperature) overflows")


def logsumexp_similarity(
    rows: Tensor, columns: Tensor, temperature: float, exclude: int | None = None, tile: int | None = None
) -> Tensor:
    """``log Σ_j exp(rows_i · columns_j / τ)`` for every row, without holding the logits.

    Args:
        rows: ``(n, dim)`` unit vectors.
        columns: ``(m, dim)`` unit vectors.
        temperature: τ; below 1/50 the tiles are computed in float64, as float32 can't hold exp(1/τ).
        exclude: leaves out column ``i + exclude`` of row i: the row itself, where the columns hold it.
        tile: side of a tile; by default 512 on CPUs, whose cache holds it, else 4096.

    Returns:
        ``(n,)`` in the dtype of the rows.
    """
    return _apply(_Rectangle, temperature, tile, rows, columns, exclude)


def logsumexp_self_similarity(z: Tensor, temperature: float, tile: int | None = None) -> Tensor:
    """``log Σ_{j≠i} exp(z_i · z_j / τ)`` for unit vectors ``(n, dim)``; by symmetry from half of the tiles."""
    return _apply(_Symmetric, temperature, tile, z)


def _apply(function: type[torch.autograd.Function], temperature: float, tile: int | None, *args) -> Tensor:
    check_temperature(temperature)
    z = args[0]
    if 1 / temperature > _LIMIT[z.dtype]:
        args = [arg.double() if isinstance(arg, Tensor) else arg for arg in args]
    tile = tile or (512 if z.device.type == "cpu" else 4096)
    return function.apply(temperature, tile, *args).to(z.dtype)


class _Rectangle(torch.autograd.Function):
    """Rows against columns. With E_ij = exp(x_i·y_j/τ), r_i = Σ_j E_ij and an incoming gradient g_i:
    ∂x_i = g_i/(τ r_i) Σ_j E_ij y_j and ∂y_j = 1/τ Σ_i E_ij (g_i/r_i) x_i."""

    @staticmethod
    def forward(ctx, temperature: float, tile: int, rows: Tensor, columns: Tensor, exclude: int | None) -> Tensor:
        sums = rows.new_zeros(len(rows))
        for i, _, similarity in _rectangle(rows, columns, temperature, exclude, tile):
            sums[i] += similarity.sum(1)
        ctx.save_for_backward(rows, columns, sums)
        ctx.options = temperature, exclude, tile
        return sums.log()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        rows, columns, sums = ctx.saved_tensors
        need_rows, need_columns = ctx.needs_input_grad[2:4]
        temperature = ctx.options[0]
        weight = (gradient / (sums * temperature)).unsqueeze(1)
        grad_rows = torch.zeros_like(rows) if need_rows else None
        grad_columns = torch.zeros_like(columns) if need_columns else None
        weighted = weight * rows if need_columns else None
        for i, j, similarity in _rectangle(rows, columns, *ctx.options):
            if need_rows:
                grad_rows[i].addmm_(similarity, columns[j])
            if need_columns:
                grad_columns[j].addmm_(similarity.T, weighted[i])
        return None, None, grad_rows.mul_(weight) if need_rows else None, grad_columns, None


class _Symmetric(torch.autograd.Function):
    """All against all but themselves. With E and r as above and b_i = g_i/(τ r_i): ∂z_i = Σ_j E_ij (b_i + b_j) z_j,
    where both halves of the matrix come from the same tile."""

    @staticmethod
    def forward(ctx, temperature: float, tile: int, z: Tensor) -> Tensor:
        sums = z.new_zeros(len(z))
        for i, j, similarity in _triangle(z, temperature, tile):
            sums[i] += similarity.sum(1)
            if i != j:
                sums[j] += similarity.sum(0)
        ctx.save_for_backward(z, sums)
        ctx.options = temperature, tile
        return sums.log()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
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
    """Tiles of exp(rows · columnsᵀ / τ) with their places; each tile lives in the same memory as the last."""
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
    """The tiles on and above the diagonal of exp(z · zᵀ / τ), self-similarities set to zero."""
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
