"""Normalization as the encoder's first layer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """Computes (x − mean) / std per channel, so that an exported encoder takes natural units.

    Args:
        mean: Mean of each channel, in the units of the input.
        std: Standard deviation of each channel, in the units of the input.

    Raises:
        ValueError: Lengths that differ, or a standard deviation that isn't positive.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        if len(mean) != len(std):
            raise ValueError(f"mean has {len(mean)} channels and std {len(std)}; they must agree")
        if min(std) <= 0:
            raise ValueError(f"std is {tuple(std)}; every entry must be positive")
        self.register_buffer("mean", torch.tensor(tuple(mean), dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(tuple(std), dtype=torch.float32).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean.to(x.dtype)) / self.std.to(x.dtype)
