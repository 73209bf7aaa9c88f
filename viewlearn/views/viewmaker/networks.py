"""The networks of the Viewmaker: from an image and noise maps to an unbounded perturbation of the same shape.

Both halve the resolution twice, so that height and width must be multiples of ``stride``; both take one noise map
at the resolution of the input and one per residual block at a quarter of it. A network for another kind of input,
such as waveforms, has the same ``stride``, ``noise_shapes(*sizes)`` and ``forward(x, noises)``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viewlearn.views.viewmaker.layers import ConvNorm, FewChannelsConv, ResidualBlock, concatenate


class _Network(nn.Module):
    stride = 4

    def __init__(self, num_res_blocks: int):
        super().__init__()
        self.num_res_blocks = num_res_blocks

    def noise_shapes(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Returns the shapes (channel, height, width) of the noise maps for an input of this size, in order."""
        coarse = (1, height // self.stride, width // self.stride)
        return [(1, height, width)] + [coarse] * self.num_res_blocks


class PublishedNetwork(_Network):
    """The published generator: the style-transfer network of Johnson et al. 2016 with noise channels.

    ::

        stage     layers                                          channels   resolution
        stem      concatenate noise0; 9×9                         w          1
        down1     3×3, stride 2                                   2w         1/2
        down2     3×3, stride 2                                   4w         1/4
        block k   concatenate noise k; residual block             4w + k     1/4
        up1       nearest ×2; 3×3                                 2w         1/2
        up2       nearest ×2; 3×3                                 w          1
        out       9×9 with bias, no norm                          C          1

    All pad by reflection and end in instance norm and ReLU, unless noted. Tamkin, Wu & Goodman, "Viewmaker
    Networks", ICLR 2021; the layers are those of the published code (w = 32), which also builds residual blocks
    that it never uses, and convolution biases that the norms cancel. Neither exists here.

    Args:
        channels: Number of channels C of the input and of the perturbation.
        width: Base number of channels w.
        num_res_blocks: Number of residual blocks, each with a noise map of its own.
    """

    def __init__(self, channels: int, width: int = 32, num_res_blocks: int = 3):
        super().__init__(num_res_blocks)
        self.stem = ConvNorm(channels + 1, width, 9)
        self.down1 = ConvNorm(width, 2 * width, 3, stride=2)
        self.down2 = ConvNorm(2 * width, 4 * width, 3, stride=2)
        self.blocks = nn.ModuleList(ResidualBlock(4 * width + k) for k in range(1, num_res_blocks + 1))
        self.up1 = ConvNorm(4 * width + num_res_blocks, 2 * width, 3, upsample=True)
        self.up2 = ConvNorm(2 * width, width, 3, upsample=True)
        self.out = FewChannelsConv(width, channels, 9)

    def forward(self, x: Tensor, noises: list[Tensor]) -> Tensor:
        h = self.down2(self.down1(self.stem(concatenate(x, noises[0]))))
        for block, noise in zip(self.blocks, noises[1:], strict=True):
            h = block(concatenate(h, noise))
        return self.out(self.up2(self.up1(h)))


class CompactNetwork(_Network):
    """The published design with every layer where it is cheap: no stage at full resolution, aligned channels.

    ::

        stage     layers                                          channels   resolution
        stem      concatenate noise0; 2×2 pixels to channels; 3×3 2w         1/2
        down      3×3, stride 2                                   4w         1/4
        block k   add gain_k · noise k; residual block            4w         1/4
        up        nearest ×2; 3×3                                 2w         1/2
        out       3×3 with bias, no norm; channels to 2×2 pixels  C          1

    Padding is with zeros. Unlike in ``PublishedNetwork``, noise enters a block through one learned gain per channel
    (added, not concatenated), so that all numbers of channels stay multiples of 2w. The weights of the 2×2 pixels that
    one place of the last layer makes start equal (Aitken et al. 2017, section 3), so that the first perturbations are
    as smooth as the published network's: on patches of photographs, 0.6 to 0.8 of their energy lies in the lowest
    frequencies (below 4/32 per pixel), against 0.1 to 0.2 with independent weights.

    Args:
        channels: Number of channels C of the input and of the perturbation.
        width: Base number of channels w.
        num_res_blocks: Number of residual blocks, each with a noise map of its own.
    """

    def __init__(self, channels: int, width: int = 32, num_res_blocks: int = 3):
        super().__init__(num_res_blocks)
        self.stem = ConvNorm(4 * (channels + 1), 2 * width, 3, padding="zeros")
        self.down = ConvNorm(2 * width, 4 * width, 3, stride=2, padding="zeros")
        self.blocks = nn.ModuleList(ResidualBlock(4 * width, padding="zeros") for _ in range(num_res_blocks))
        self.gains = nn.ParameterList(nn.Parameter(torch.randn(4 * width, 1, 1)) for _ in range(num_res_blocks))
        self.up = ConvNorm(4 * width, 2 * width, 3, upsample=True, padding="zeros")
        self.out = nn.Conv2d(2 * width, 4 * channels, 3, padding=1)
        with torch.no_grad():
            for value in self.out.parameters():
                value.copy_(value[::4].repeat_interleave(4, dim=0))

    def forward(self, x: Tensor, noises: list[Tensor]) -> Tensor:
        pixels = F.pixel_unshuffle(torch.cat([x, noises[0]], dim=1), 2)
        h = self.down(self.stem(pixels.contiguous(memory_format=torch.channels_last)))
        for block, gain, noise in zip(self.blocks, self.gains, noises[1:], strict=True):
            h = block(torch.addcmul(h, gain.to(h.dtype), noise.to(h.dtype)))
        return F.pixel_shuffle(self.out(self.up(h)), 2)
