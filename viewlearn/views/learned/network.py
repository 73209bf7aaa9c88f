"""The network of learned views that decide something coarse: a mask, a field, a few numbers."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from viewlearn.views import draw
from viewlearn.views.learned.resize import resized
from viewlearn.views.params import Params
from viewlearn.views.viewmaker.layers import ConvNorm, ResidualBlock

GRID = 16  # rows and columns that inputs of any size are averaged to
NOISE = 8  # noise maps, at a quarter of the grid


class CoarseNetwork(nn.Module):
    """Maps inputs of any size, and noise, to a few coarse maps and to a few numbers.

    ::

        stage     layers                                          channels   side
        grid      averages over cells; 2×2 cells to channels      4C         8
        stem      3×3                                             2w         8
        down      3×3, stride 2                                   4w         4
        noise     add a 1×1 convolution of the noise maps         4w         4
        block     residual block                                  4w         4
        maps      nearest ×2; 3×3; 3×3 with bias, no norm         maps       8
        numbers   means of stem and of block, noise; two layers   numbers    (none)

    Convolutions end in instance norm and ReLU, unless noted. Since it sees a grid of 16 × 16 cells, its cost doesn't
    depend on the size of x: 5 million operations per sample at width 16.

    Args:
        channels: Number of channels C of x.
        maps: Number of maps.
        numbers: Number of numbers.
        width: Base number of channels w.

    Raises:
        ValueError: No channels; when called, an input of another shape.
    """

    def __init__(self, channels: int | None, maps: int = 0, numbers: int = 0, width: int = 16):
        super().__init__()
        if channels is None:
            raise ValueError(
                f"channels of a learned view is {channels}; it must be the number of channels of the input"
            )
        self.channels = channels
        self.num_maps, self.num_numbers = maps, numbers
        self.stem = ConvNorm(4 * channels, 2 * width, 3, padding="zeros")
        self.down = ConvNorm(2 * width, 4 * width, 3, stride=2, padding="zeros")
        self.noise = nn.Conv2d(NOISE, 4 * width, 1, bias=False)
        self.block = ResidualBlock(4 * width, padding="zeros")
        if maps:
            self.up = ConvNorm(4 * width, 2 * width, 3, upsample=True, padding="zeros")
            self.maps = nn.Conv2d(2 * width, maps, 3, padding=1)
        if numbers:
            self.hidden = nn.Linear(6 * width + NOISE * (GRID // 4) ** 2, 4 * width)
            self.numbers = nn.Linear(4 * width, numbers)

    def sample(self, x: Tensor, generator: Generator | None) -> Params:
        """Draws ``noise`` (batch, 8, 4, 4), standard normal."""
        self._check(x)
        return {"noise": draw.normal(x, generator, NOISE, GRID // 4, GRID // 4)}

    def forward(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Maps x ``(batch, channel, …)`` and its noise to maps ``(batch, maps, 8, 8)`` and to ``(batch, numbers)``."""
        self._check(x)
        noise = noise.to(x.dtype)
        cells = F.pixel_unshuffle(resized(x, (GRID, GRID), "average").to(x.dtype), 2)
        stem = self.stem(cells.contiguous(memory_format=torch.channels_last))
        h = self.block(self.down(stem) + self.noise(noise.contiguous(memory_format=torch.channels_last)))
        maps = self.maps(self.up(h)) if self.num_maps else h.new_empty(len(h), 0, GRID // 2, GRID // 2)
        if not self.num_numbers:
            return maps, h.new_empty(len(h), 0)
        seen = torch.cat([stem.mean((2, 3)), h.relu().mean((2, 3)), noise.to(h.dtype).flatten(1)], dim=1)
        return maps, self.numbers(self.hidden(seen).relu())

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[1] != self.channels:
            raise ValueError(
                f"this learned view was built for inputs (batch, {self.channels}, height, width); "
                f"this one is {tuple(x.shape)}"
            )
