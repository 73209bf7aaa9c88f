"""A data set that is made in a millisecond: noise whose left half is darker for one of the classes."""

import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec
from viewlearn.encoders import Encoder


class Toy(Data):
    """Two classes of noise.

    Args:
        num_samples: of each split.
        size: height and width in pixels.
    """

    def __init__(self, num_samples: int = 64, size: int = 16):
        self.num_samples = num_samples
        self.size = size

    @property
    def spec(self) -> DataSpec:
        shape = (3, self.size, self.size)
        return DataSpec(
            shape, {"side": ("light", "dark")}, (0.5,) * 3, (0.3,) * 3, self.num_samples, value_range=(0, 1)
        )

    def split(self, name: str) -> ArrayDataset:
        generator = torch.Generator().manual_seed(("train", "validation", "test").index(name))
        side = torch.arange(self.num_samples) % 2
        shape = (self.num_samples, *self.spec.shape)
        x = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        x[side == 1, :, :, : self.size // 2] //= 2
        return ArrayDataset(x, {"side": side})


class Larger(Toy):
    """Toy data of another size by default.

    Args:
        num_samples: Number of samples of each split.
        size: Height and width in pixels.
    """

    def __init__(self, num_samples: int = 10, size: int = 24):
        super().__init__(num_samples, size)


class Plain(Encoder):
    """A convolution and a mean: no BatchNorm, so that a batch split over processes is the same batch.

    Args:
        width: number of features.
    """

    def __init__(self, width: int = 8):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.num_features = width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Module(nn.Module):
    """A network that knows nothing of encoders.

    Args:
        width: Number of features.
    """

    def __init__(self, width: int = 8):
        super().__init__()
        self.convolution = nn.Conv2d(3, width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(x).relu()
