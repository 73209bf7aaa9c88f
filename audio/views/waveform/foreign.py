"""Transforms of audiomentations as views."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from viewlearn.bounds import SampleRate
from viewlearn.views.checks import require
from viewlearn.views.foreign import ForeignView


class ForeignSoundView(ForeignView):
    """A transform of audiomentations, or another that takes NumPy arrays, as a view of waveforms.

    ::

        from audiomentations import AddGaussianNoise, Compose, PitchShift
        view = ForeignSoundView(Compose([AddGaussianNoise(p=0.5), PitchShift(p=0.5)]), sample_rate=16_000)

    It is called as ``function(samples=…, sample_rate=…)`` with float32 arrays, ``(time,)`` of a mono sound and
    ``(channel, time)`` else. What replays and what doesn't is said at ``ForeignView``. There is no gradient, so learned
    views come behind it, not before. (torch-audiomentations takes tensors: ``ForeignView(…, stage="natural")``.)

    Args:
        function: Transform of an array and its sample rate, which keeps the length.
        sample_rate: Sample rate in Hz; from the data.

    Raises:
        ValueError: No sample rate; or, when called, a result of another shape, or an input that wants a gradient.
    """

    def __init__(self, function: Callable[..., np.ndarray], sample_rate: SampleRate | None = None):
        super().__init__(_OnTensors(function, require(self, "sample_rate", sample_rate)), stage="natural")


class _OnTensors:
    """Calls a transform of arrays with a tensor ``(1, channel, time)``."""

    def __init__(self, function: Callable[..., np.ndarray], sample_rate: int):
        self.function, self.sample_rate = function, sample_rate
        self.__name__ = type(function).__name__  # what messages call it

    def __call__(self, row: Tensor) -> Tensor:
        if row.requires_grad:
            raise ValueError("no gradient passes a transform of arrays: put learned views behind it, not before")
        samples = row[0].float().cpu().numpy()
        made = self.function(samples=samples[0] if len(samples) == 1 else samples, sample_rate=self.sample_rate)
        return torch.from_numpy(np.ascontiguousarray(made)).reshape(-1, made.shape[-1])
