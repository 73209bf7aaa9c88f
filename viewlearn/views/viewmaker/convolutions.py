"""Convolutions of the Viewmaker's networks, rearranged for speed."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def upsample_conv(x: Tensor, weight: Tensor, padding: str) -> Tensor:
    """Upsamples by 2 (nearest neighbor) and convolves with 3×3, without making the upsampled image.

    Each of the four output phases (even and odd rows and columns) is a 2×2 convolution of x whose weights are sums of
    the 3×3 kernel's taps: 4/9 of the multiplications. Reflection at the border of the upsampled image is replication
    at the border of x. The result is the same up to rounding.

    Args:
        x: ``(batch, in, height, width)``.
        weight: ``(out, in, 3, 3)``.
        padding: Padding of the upsampled image, ``reflect`` or ``zeros``.
    """
    weight = _phases(weight, dim=3)  # columns; the new dimension moves the rows to where the columns were
    weight = _phases(weight, dim=3).flatten(0, 2)  # (row phase · column phase · out, in, 2, 2)
    if padding == "reflect":
        y = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight)
    else:
        y = F.conv2d(x, weight, padding=1)
    return _Interleave.apply(y)


def _phases(weight: Tensor, dim: int) -> Tensor:
    """Turns 3 taps on an upsampled line along ``dim`` into 2 taps on the line itself; the phases become dimension 0.

    Output 2i reads upsampled 2i−1, 2i, 2i+1, which are i−1, i, i; output 2i+1 reads i, i, i+1.
    """
    first, middle, last = weight.unbind(dim)
    even = torch.stack([first, middle + last], dim)
    odd = torch.stack([first + middle, last], dim)
    return torch.stack([even, odd])


class _Interleave(torch.autograd.Function):
    """Interleaves phases ``(batch, 4 · out, height + 1, width + 1)``, each valid in its own window, to an image."""

    @staticmethod
    def forward(ctx: Any, y: Tensor) -> Tensor:
        batch, channels, height, width = y.shape
        image = y.new_empty(batch, height - 1, 2, width - 1, 2, channels // 4)
        for a, b, part in _windows(y):
            image[:, :, a, :, b] = part
        return image.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,) = gradients
        batch, channels, height, width = gradient.shape
        y = gradient.new_zeros(batch, height // 2 + 1, width // 2 + 1, 4 * channels).permute(0, 3, 1, 2)
        image = gradient.permute(0, 2, 3, 1).unflatten(2, (-1, 2)).unflatten(1, (-1, 2))
        for a, b, part in _windows(y):
            part.copy_(image[:, :, a, :, b])
        return y


def _windows(y: Tensor) -> Iterator[tuple[int, int, Tensor]]:
    """Row phase, column phase, and that phase's valid window as (batch, height, width, out)."""
    height, width = y.shape[2] - 1, y.shape[3] - 1
    by_phase = y.permute(0, 2, 3, 1).unflatten(-1, (2, 2, -1))
    for a in (0, 1):
        for b in (0, 1):
            yield a, b, by_phase[:, a : a + height, b : b + width, a, b]


def few_channels_conv(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Pads by reflection and convolves to few channels, four by four pixels at a time.

    CPUs compute 16 output channels at once, so that 3 channels leave most of their lanes idle. Here 4×4 pixels of each
    channel are the output channels of one larger convolution of stride 4 (its kernel holds the small one at the 16
    offsets), which are then shuffled to their places. The result is the same up to rounding.

    Args:
        x: ``(batch, in, height, width)``, height and width multiples of 4.
        weight: ``(out, in, kernel, kernel)``, kernel odd.
        bias: ``(out,)``, or None.
    """
    side = weight.shape[-1] // 2
    kernels = [F.pad(weight, (j, 3 - j, i, 3 - i)) for i in range(4) for j in range(4)]
    y = F.conv2d(F.pad(x, [side] * 4, mode="reflect"), torch.stack(kernels, 1).flatten(0, 1), stride=4)
    y = F.pixel_shuffle(y, 4)
    return y if bias is None else y + bias.to(y.dtype).view(-1, 1, 1)
