"""The layers of the Viewmaker's networks, on activations that lie channels-last."""

from typing import Literal

import torch
from torch import Tensor, nn

from viewlearn.views.viewmaker.convolutions import few_channels_conv, upsample_conv
from viewlearn.views.viewmaker.norm import instance_norm

Padding = Literal["reflect", "zeros"]


class ConvNorm(nn.Module):
    """Convolution, instance norm, and ReLU by default.

    The convolution has no bias: the norm subtracts each channel's mean, and with it any bias.

    Args:
        in_channels: Number of channels of the input.
        out_channels: Number of channels of the output.
        kernel: Side of the kernel, odd; 3 with ``upsample``.
        stride: Stride of the convolution, 1 or 2.
        upsample: Whether x is doubled in size (nearest neighbor) before the convolution.
        padding: ``reflect``, as in the published network, or ``zeros``.
        relu: Whether a ReLU follows the norm.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        upsample: bool = False,
        padding: Padding = "reflect",
        relu: bool = True,
    ):
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, padding_mode=padding, bias=False
        )
        self.norm = nn.InstanceNorm2d(out_channels, affine=True)
        self.upsample = upsample
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        y = upsample_conv(x, self.conv.weight, self.conv.padding_mode) if self.upsample else self.conv(x)
        return instance_norm(y, self.norm.weight, self.norm.bias, self.relu)


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), with 3×3 convolutions and no ReLU behind the sum."""

    def __init__(self, channels: int, padding: Padding = "reflect"):
        super().__init__()
        self.first = ConvNorm(channels, channels, 3, padding=padding)
        self.second = ConvNorm(channels, channels, 3, padding=padding, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class FewChannelsConv(nn.Conv2d):
    """A convolution with bias and reflection padding to few channels; sides must be multiples of 4."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int):
        super().__init__(in_channels, out_channels, kernel)

    def forward(self, input: Tensor) -> Tensor:
        return few_channels_conv(input, self.weight, self.bias)


def concatenate(x: Tensor, noise: Tensor) -> Tensor:
    """Appends a noise map to x as one more channel, channels-last."""
    return torch.cat([x, noise.to(x.dtype)], dim=1).contiguous(memory_format=torch.channels_last)
