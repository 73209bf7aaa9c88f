"""Separable linear resampling: each row and column of the output is a weighted sum of a few of the input's."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from viewlearn.views.parts import batch_parts
from vision.views.checks import full_precision

SHORTEST = 1e-3  # pixels that a part has at least, so that there is something to average


class Taps(NamedTuple):
    """What each row of an output is summed from.

    Args:
        source: ``(batch, num_out, num_taps)`` indices of rows of the input.
        weight: ``(batch, num_out, num_taps)``.
    """

    source: Tensor
    weight: Tensor


def separable(x: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """Sums x's rows and columns to images ``(batch, channel, new height, new width)``, in x's dtype."""
    y = x.new_empty(*x.shape[:2], rows.source.shape[1], columns.source.shape[1])
    for part in batch_parts(x, rows.weight, columns.weight):
        tall = sum_rows(full_precision(x[part]), Taps(*(value[part] for value in rows)))
        y[part] = sum_rows(tall.mT, Taps(*(value[part] for value in columns))).mT
    return y


def sum_rows(x: Tensor, taps: Taps) -> Tensor:
    """Computes ``y[b, c, o] = Σ_k weight[b, o, k] · x[b, c, source[b, o, k]]`` for x ``(batch, channel, row, width)``.

    The rows are taken as an embedding table, as ``embedding_bag`` is the one kernel that gathers and sums in one pass.
    Here it is ten times faster than gathering tap by tap, or than a product with the (mostly zero) matrix of weights.
    """
    batch, channels, num_rows, width = x.shape
    num_taps = taps.source.shape[-1]
    first = torch.arange(0, batch * channels * num_rows, num_rows, device=x.device).view(batch, channels, 1, 1)
    weight = taps.weight.to(x.dtype)[:, None].expand(-1, channels, -1, -1)
    y = F.embedding_bag(
        (first + taps.source[:, None]).reshape(-1, num_taps),
        x.reshape(-1, width),
        per_sample_weights=weight.reshape(-1, num_taps),
        mode="sum",
    )
    return y.view(batch, channels, taps.source.shape[1], width)


def _inside(start: Tensor, length: Tensor, num: int) -> tuple[Tensor, Tensor]:
    """Cuts parts to what lies within ``num`` pixels, and to no less than ``SHORTEST``; most pass unchanged."""
    inside = start.clamp(0, num - SHORTEST)
    length = length - (inside - start).clamp(min=0)
    # One that ends at the border may exceed it by rounding.
    return inside, torch.minimum(length, num - inside + SHORTEST).clamp(min=SHORTEST)


def resize_taps(start: Tensor, length: Tensor, num_in: int, num_out: int) -> Taps:
    """Taps that resize the part [start, start + length] of ``num_in`` pixels to ``num_out`` pixels::

        w[o, i] ∝ max(0, 1 − |i + ½ − c_o| / max(s, 1)) · overlap(i),  c_o = start + (o + ½) s,  s = length / num_out

    with the weights of each o summing to 1. This is bilinear interpolation, widened to the scale s where it shrinks
    (antialiasing). What lies outside the part doesn't contribute: overlap(i) is the fraction of pixel i that lies
    inside, which is 0 or 1 if the part ends between pixels, and makes the result continuous in the part's ends.

    What lies outside the image is cut off; a part of no length becomes the pixel there, and one that lies outside
    altogether the pixel at the border.

    Args:
        start: ``(batch,)`` start of the part in pixels.
        length: ``(batch,)`` length of the part in pixels.
        num_in: Number of pixels of the image.
        num_out: Number of pixels that the part is resized to.
    """
    start, length = (value[:, None, None] for value in _inside(start, length, num_in))
    scale = length / num_out
    support = scale.clamp(min=1)
    center = start + (torch.arange(num_out, device=start.device, dtype=start.dtype)[:, None] + 0.5) * scale
    # No part is longer than the image, and an open interval of that length holds no more pixel centers than this.
    num_taps = min(num_in, -(-2 * max(num_in, num_out) // num_out))
    first = (center - support + 0.5).detach().floor().clamp(0, num_in - num_taps)
    pixel = first + torch.arange(num_taps, device=start.device, dtype=start.dtype)
    overlap = torch.minimum(pixel + 1, start + length) - torch.maximum(pixel, start)
    weight = (1 - (pixel + 0.5 - center).abs() / support).clamp(min=0) * overlap.clamp(0, 1)
    return Taps(pixel.long(), weight / weight.sum(dim=-1, keepdim=True))
