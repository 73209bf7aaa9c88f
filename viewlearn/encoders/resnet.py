"""Residual networks: torchvision's with a switchable stem, and narrow ones that a CPU trains in minutes.

torchvision is imported where its blocks are needed: that takes as long as importing torch does, and a help text, a view
or a loss needs no network.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

if TYPE_CHECKING:
    from torchvision.models.resnet import BasicBlock

Stem = Literal["auto", "small", "imagenet"]
TORCHVISION_RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation that torchvision's weights expect
SMALL_IMAGE = 64  # pixels: up to here the ImageNet stem would leave a map of 2×2 or less


class NarrowResNet(nn.Module):
    """A ResNet of BasicBlocks with any base width: ResNet-10 of width 16 has 0.3 M parameters.

    Layers have torchvision's names (``conv1`` … ``layer4``).

    Args:
        num_blocks: Number of blocks in each stage; (1, 1, 1, 1) is a ResNet-10, (2, 2, 2, 2) a ResNet-18.
        width: Number of channels of the first stage; each stage doubles it.
    """

    num_features: int
    maxpool: nn.Module
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, num_blocks: tuple[int, int, int, int] = (1, 1, 1, 1), width: int = 16):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = width
        for stage, depth in enumerate(num_blocks):  # the first stage keeps the stem's resolution
            out = width * 2**stage
            blocks = [_block(channels if i == 0 else out, out, 2 if stage and i == 0 else 1) for i in range(depth)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
            channels = out
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Identity()
        self.num_features = channels
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def _block(channels: int, out: int, stride: int) -> "BasicBlock":
    from torchvision.models.resnet import BasicBlock

    shortcut = None
    if stride != 1 or channels != out:
        shortcut = nn.Sequential(_Pointwise(channels, out, stride), nn.BatchNorm2d(out))
    return BasicBlock(channels, out, stride, shortcut)


class _Pointwise(nn.Conv2d):
    """A 1×1 convolution of every ``subsample``-th pixel, in place of a stride.

    oneDNN's strided 1×1 convolution writes beyond its buffers in the backward pass of float32, channels-last inputs of
    64×64 pixels with 4 or 8 channels (torch 2.14 on AVX-512), and the process dies of a corrupted heap.
    """

    def __init__(self, channels: int, out: int, subsample: int):
        super().__init__(channels, out, 1, bias=False)
        self.subsample = subsample

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input[:, :, :: self.subsample, :: self.subsample])


@dataclass(frozen=True)
class Made:
    """A network that was made by its name.

    Args:
        network: Map from normalized inputs to features.
        num_features: Number of its features.
        stride: Stride of its last map in pixels.
        statistics: Mean and standard deviation that its weights expect inputs to be normalized by; None for those of
            the data.
    """

    network: nn.Module
    num_features: int
    stride: int
    statistics: tuple[tuple[float, ...], tuple[float, ...]] | None = None


def build_resnet(name: str, channels: int, stem: Literal["small", "imagenet"], pretrained: bool = False) -> Made:
    """Makes a ResNet without classifier.

    Args:
        name: Name of the network: ``resnet18``, ``resnet50``, … of torchvision; ``resnet10w16``, ``resnet18w32`` for
            BasicBlocks of that width.
        channels: Number of channels of the input.
        stem: First layers: ``imagenet`` is 7×7 stride 2 and max-pooling, ``small`` is 3×3 stride 1 without pooling
            (the CIFAR stem).
        pretrained: Whether weights are torchvision's, for three channels and its own stem; random otherwise.

    Raises:
        ValueError: An unknown name, or pretrained weights that there aren't.
    """
    if pretrained and (name not in TORCHVISION_RESNETS or stem == "small" or channels != 3):
        raise ValueError(
            f"there are no pretrained weights for {name} with {channels} channels and the stem {stem!r}; torchvision "
            f"has some for {', '.join(TORCHVISION_RESNETS)}, 3 channels and 'imagenet', and timm for timm/NAME"
        )
    statistics = None
    narrow = re.fullmatch(r"resnet(10|18|34)w(\d+)", name)
    if narrow:
        blocks = {"10": (1, 1, 1, 1), "18": (2, 2, 2, 2), "34": (3, 4, 6, 3)}[narrow[1]]
        network = NarrowResNet(blocks, int(narrow[2]))
        num_features = network.num_features
    elif name in TORCHVISION_RESNETS:
        from torchvision import models

        network = getattr(models, name)(weights="DEFAULT" if pretrained else None)
        statistics = IMAGENET if pretrained else None
        num_features = network.fc.in_features
        network.add_module("fc", nn.Identity())
    else:
        raise ValueError(
            f"no encoder {name!r}; there are {', '.join(TORCHVISION_RESNETS)}, narrow ones such as resnet10w16 "
            "(depth 10, 18 or 34, w width), timm/NAME for any model of timm, and torchvision/NAME for any classifier "
            "of torchvision"
        )
    width = network.conv1.out_channels
    if stem == "small":
        network.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        network.add_module("maxpool", nn.Identity())
    elif channels != 3:
        network.conv1 = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
    if not pretrained:
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    return Made(network, num_features, 8 if stem == "small" else 32, statistics)


def split_last_stage(network: nn.Module) -> tuple[nn.Sequential, nn.Sequential]:
    """Cuts a ResNet before its last stage.

    The parts hold the network's own layers, not copies. LooC++ (Xiao et al. 2021, section 3) gives every head a
    last stage of its own.

    Returns:
        The trunk, from inputs to a map, and the last stage, from that map to pooled features.

    Raises:
        ValueError: A network that isn't a ResNet.
    """
    from torchvision.models import ResNet

    if not isinstance(network, NarrowResNet | ResNet):
        raise ValueError(f"{type(network).__name__} has no ResNet stages layer1 … layer4 to cut at")
    trunk = (network.conv1, network.bn1, network.relu, network.maxpool, network.layer1, network.layer2, network.layer3)
    return nn.Sequential(*trunk), nn.Sequential(network.layer4, network.avgpool, nn.Flatten(1))
