"""The layers of the Viewmaker's networks."""

import torch.nn.functional as F
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """Convolution, instance norm, and ReLU unless told otherwise.

    The convolution has no bias: the norm subtracts each channel's mean, and with it any bias.

    Args:
        in_channels, out_channels: of the convolution.
        kernel: its size, odd.
        stride: 1 or 2.
        upsample: nearest-neighbour upsampling before the convolution, 1 or 2.
        padding: ``reflect``, as in the published network, or ``zeros``.
        relu: whether a ReLU follows the norm.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        upsample: int = 1,
        padding: str = "reflect",
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
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        y = self.norm(self.conv(x))
        return F.relu(y) if self.relu else y


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), 3×3 convolutions, no ReLU behind the sum."""

    def __init__(self, channels: int, padding: str = "reflect"):
        super().__init__()
        self.first = ConvNorm(channels, channels, 3, padding=padding)
        self.second = ConvNorm(channels, channels, 3, padding=padding, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))
