"""Waveforms of one length and one channel."""

import torch
from torch import Generator, Tensor

from viewlearn.views import Params, View


class Mono(View):
    """The mean over channels, ``(batch, 1, time)``; deterministic."""

    stage = "natural"

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x if x.shape[1] == 1 else x.mean(1, keepdim=True)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(len(x), 1, x.shape[-1])


class CenterCrop(View):
    """The middle of a waveform, ``(batch, channel, num_samples)``, zero-padded on both sides if it is shorter.

    Deterministic; ``audio.views.RandomCrop`` is its random counterpart.

    Args:
        num_samples: length of the output in samples.

    Raises:
        ValueError: num_samples below 1.
    """

    stage = "natural"

    def __init__(self, num_samples: int):
        super().__init__()
        if num_samples < 1:
            raise ValueError(f"num_samples is {num_samples}; it must be at least 1")
        self.num_samples = num_samples

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return center_crop(x, self.num_samples)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(*x.shape[:-1], self.num_samples)


def center_crop(x: Tensor, num_samples: int) -> Tensor:
    """The middle ``num_samples`` of the last dimension; zeros on both sides of what is shorter."""
    room = x.shape[-1] - num_samples
    if room < 0:
        return torch.nn.functional.pad(x, (-room // 2, -room - -room // 2))
    return x.narrow(-1, room // 2, num_samples)
