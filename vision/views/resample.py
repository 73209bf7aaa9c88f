"""Separable linear resampling: every output row and column is a weighted sum of the input's."""

import torch
from torch import Tensor

from vision.views.checks import full_precision


def separable(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """``y[b, c] = rows[b] @ x[b, c] @ columns[b].T``.

    Dense matrix products beat gathering a few taps at the sizes that contrastive learning uses, on every device, and
    their backward is a matrix product too.

    Shapes: x ``(batch, channel, height, width)``, rows ``(batch, new height, height)``,
    columns ``(batch, new width, width)``; y has x's dtype.
    """
    batch, channels, height, width = x.shape
    # Autocast would run the products in half precision, which an image of 256 levels doesn't survive.
    with torch.autocast(x.device.type, enabled=False):
        full = full_precision(x)
        rows, columns = rows.to(full.dtype), columns.to(full.dtype)
        wide = torch.bmm(full.reshape(batch, channels * height, width), columns.mT)
        wide = wide.view(batch, channels, height, columns.shape[1])
        return torch.stack([torch.bmm(rows, wide[:, c]) for c in range(channels)], dim=1).to(x.dtype)


def resize_matrix(start: Tensor, length: Tensor, num_in: int, num_out: int) -> Tensor:
    """The matrix ``(batch, num_out, num_in)`` that resizes the pixels of an interval to ``num_out`` pixels.

        w[o, i] ∝ max(0, 1 − |i + ½ − c_o| / max(s, 1)) · overlap(i),  c_o = start + (o + ½) s,  s = length / num_out

    with rows summing to 1: bilinear interpolation, widened to the scale s where it shrinks (antialiasing). What lies
    outside of the interval doesn't contribute; overlap(i) is the part of pixel i that lies inside, 0 or 1 where the
    ends lie between pixels, and what makes the result continuous in them elsewhere.

    Args:
        start, length: of the interval in pixels, ``(batch,)``.
    """
    start, length = start[:, None, None], length[:, None, None]
    scale = length / num_out
    support = scale.clamp(min=1)
    edges = torch.arange(num_in, device=start.device, dtype=start.dtype)
    centres = start + (torch.arange(num_out, device=start.device, dtype=start.dtype)[:, None] + 0.5) * scale
    overlap = torch.minimum(edges + 1, start + length) - torch.maximum(edges, start)
    distance = (edges + 0.5) / support - centres / support
    weight = distance.abs_().neg_().add_(1).clamp_(min=0) * overlap.clamp(0, 1)
    return weight / weight.sum(dim=-1, keepdim=True)
