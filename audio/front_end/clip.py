"""Waveforms of one length."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Count
from viewlearn.views import Params, View


class CenterCrop(View):
    """Keeps the middle of each waveform, ``(batch, channel, num_samples)``, with zeros around a shorter one.

    Deterministic; ``audio.views.RandomCrop`` is its random counterpart.

    Args:
        num_samples: Length of the output in samples.

    Raises:
        ValueError: A length below 1.
    """

    stage = "natural"

    def __init__(self, num_samples: Count):
        super().__init__()
        self.num_samples = num_samples

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return center_crop(x, self.num_samples)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(*x.shape[:-1], self.num_samples)


def center_crop(x: Tensor, num_samples: int) -> Tensor:
    """The middle ``num_samples`` of the last dimension, with zeros on both sides of what is shorter."""
    excess = x.shape[-1] - num_samples
    if excess < 0:
        return torch.nn.functional.pad(x, (-excess // 2, -excess - -excess // 2))
    return x.narrow(-1, excess // 2, num_samples)
