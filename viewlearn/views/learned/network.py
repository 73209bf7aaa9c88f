"""The network of learned views that decide something coarse: a mask, a field, a few numbers."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from viewlearn.views import draw
from viewlearn.views.learned.resize import resized
from viewlearn.views.learned.spectrum import log_power
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
    depend on the size of x: 5 million operations per sample at width 16. Waveforms are read as spectra (``log_power``).

    Args:
        channels: Number of channels C of x.
        maps: Number of maps.
        numbers: Number of numbers.
        width: Base number of channels w.
        waveforms: Whether x are waveforms ``(batch, channel, time)``, with rows of the maps for frequencies.
        noisy: Whether noise has a say.

    Raises:
        ValueError: No channels; when called, an input of another shape.
    """

    def __init__(
        self,
        channels: int | None,
        maps: int = 0,
        numbers: int = 0,
        width: int = 16,
        waveforms: bool = False,
        noisy: bool = True,
    ):
        super().__init__()
        if channels is None:
            raise ValueError(
                f"channels of a learned view is {channels}; it must be the number of channels of the input"
            )
        self.channels = channels
        self.num_maps, self.num_numbers = maps, numbers
        self.waveforms, self.noisy = waveforms, noisy
        self.stem = ConvNorm(4 * (1 if waveforms else channels), 2 * width, 3, padding="zeros")
        self.down = ConvNorm(2 * width, 4 * width, 3, stride=2, padding="zeros")
        if noisy:
            self.noise = nn.Conv2d(NOISE, 4 * width, 1, bias=False)
        self.block = ResidualBlock(4 * width, padding="zeros")
        if maps:
            self.up = ConvNorm(4 * width, 2 * width, 3, upsample=True, padding="zeros")
            self.maps = nn.Conv2d(2 * width, maps, 3, padding=1)
        if numbers:
            self.hidden = nn.Linear(6 * width + (NOISE * (GRID // 4) ** 2 if noisy else 0), 4 * width)
            self.numbers = nn.Linear(4 * width, numbers)

    def sample(self, x: Tensor, generator: Generator | None) -> Params:
        """Draws ``noise`` (batch, 8, 4, 4), standard normal."""
        self.check(x)
        return {"noise": draw.normal(x, generator, NOISE, GRID // 4, GRID // 4)}

    def forward(self, x: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """Maps x ``(batch, channel, …)`` and its noise to maps ``(batch, maps, 8, 8)`` and to ``(batch, numbers)``."""
        self.check(x)
        image = log_power(x) if self.waveforms else x
        cells = F.pixel_unshuffle(resized(image, (GRID, GRID), "average").to(x.dtype), 2)
        stem = self.stem(cells.contiguous(memory_format=torch.channels_last))
        h = self.down(stem)
        drawn: list[Tensor] = []
        if self.noisy:
            assert noise is not None
            noise = noise.to(x.dtype)
            h = h + self.noise(noise.contiguous(memory_format=torch.channels_last))
            drawn = [noise.to(h.dtype).flatten(1)]
        h = self.block(h)
        maps = self.maps(self.up(h)) if self.num_maps else h.new_empty(len(h), 0, GRID // 2, GRID // 2)
        if not self.num_numbers:
            return maps, h.new_empty(len(h), 0)
        seen = torch.cat([stem.mean((2, 3)), h.relu().mean((2, 3)), *drawn], dim=1)
        return maps, self.numbers(self.hidden(seen).relu())

    def check(self, x: Tensor) -> None:
        """Checks that an input has the shape that the network was built for.

        Raises:
            ValueError: It doesn't.
        """
        wanted = "channel, time" if self.waveforms else f"{self.channels}, height, width"
        if x.ndim != (3 if self.waveforms else 4) or (x.shape[1] != self.channels and not self.waveforms):
            raise ValueError(f"this learned view was built for inputs (batch, {wanted}); this one is {tuple(x.shape)}")
