"""Resampling with torchaudio's windowed-sinc kernel, which is computed once per pair of rates."""

import functools
import math

from torch import Generator, Tensor
from torchaudio.transforms import Resample as _Kernel

from viewlearn.views import Params, View


@functools.lru_cache(maxsize=32)
def _kernel(from_rate: int, to_rate: int) -> _Kernel:
    return _Kernel(from_rate, to_rate)


def resample(x: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Waveforms ``(…, time)`` at another sample rate; ``ceil(time · to/from)`` samples come out.

    Args:
        from_rate, to_rate: in Hz.
    """
    if from_rate == to_rate:
        return x
    return _kernel(from_rate, to_rate)(x)


class Resample(View):
    """Waveforms ``(batch, channel, time)`` at another sample rate; deterministic.

    Args:
        from_rate: of the input in Hz.
        to_rate: of the output in Hz.

    Raises:
        ValueError: a rate that isn't positive.
    """

    stage = "natural"

    def __init__(self, from_rate: int, to_rate: int):
        super().__init__()
        for name, rate in (("from_rate", from_rate), ("to_rate", to_rate)):
            if rate < 1:
                raise ValueError(f"{name} is {rate}; it must be a positive number of samples per second")
        self.from_rate, self.to_rate = from_rate, to_rate
        self.kernel = _Kernel(from_rate, to_rate)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return self.kernel(x)

    def like(self, x: Tensor) -> Tensor:
        num_samples = math.ceil(x.shape[-1] * self.to_rate / self.from_rate)
        return x.new_empty(1).expand(*x.shape[:-1], num_samples)
