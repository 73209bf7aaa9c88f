"""Resampling with torchaudio's windowed-sinc kernel, which is computed once per pair of rates."""

from functools import lru_cache
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from torchaudio.transforms import Resample


def resample(x: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Resamples waveforms ``(…, time)``; ``ceil(time · to/from)`` samples come out.

    Args:
        x: Waveforms ``(…, time)``.
        from_rate: Sample rate of x in Hz.
        to_rate: Sample rate of the output in Hz.
    """
    if from_rate == to_rate:
        return x
    return _kernel(from_rate, to_rate)(x)


@lru_cache(maxsize=32)
def _kernel(from_rate: int, to_rate: int) -> "Resample":
    from torchaudio.transforms import Resample  # here, so that runs on images don't load torchaudio

    return Resample(from_rate, to_rate)
