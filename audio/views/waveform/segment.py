"""Parts of waveforms: crop to a window, keep one segment, or silence one."""

import torch
from torch import Generator, Tensor

from audio.views.spans import inside, windows
from viewlearn.bounds import Count, FractionRange
from viewlearn.views import Params, View, draw
from viewlearn.views.checks import require
from viewlearn.views.description import columns, saturating

NUM_SAMPLES = 8_000  # of a segment whose descriptor is ½


class RandomCrop(View):
    """Cuts a window out of each waveform at a random place, or pads a shorter one with zeros around a random place.

    Parameter: ``position`` (batch,) in [0, 1), of all places where the window (or the shorter waveform) fits.
    ``(batch, channel, time)`` becomes ``(batch, channel, num_samples)``.

    Args:
        num_samples: Length of the window in samples; bound from the data.

    Raises:
        ValueError: A length that is missing or below 1.
    """

    stage = "natural"
    continuous = True

    def __init__(self, num_samples: Count | None = None):
        super().__init__()
        self.num_samples = require(self, "num_samples", num_samples)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"position": draw.uniform(x, 0.0, 1.0, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        excess = x.shape[-1] - self.num_samples
        if excess == 0:
            return x
        start = (params["position"] * (abs(excess) + 1)).long()
        if excess < 0:  # a window over the clip between two paddings, so that the clip lies `start` samples in
            x, start = torch.nn.functional.pad(x, (-excess, -excess)), -excess - start
        return windows(x, start, self.num_samples)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(*x.shape[:-1], self.num_samples)


class _Segment(View):
    """Draws one contiguous segment of each waveform, whose length is a fraction of the clip."""

    stage = "natural"

    def __init__(self, fraction: FractionRange):
        super().__init__()
        self.fraction = fraction

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        size = x.shape[-1]  # at least one sample is drawn where the fraction is above 0
        length = (draw.uniform(x, *self.fraction, generator) * size).ceil().long().clamp(max=size)
        start = (draw.uniform(x, 0.0, 1.0, generator) * (size - length + 1)).long()
        return {"start": start, "length": length}

    def describe(self, resolved: Params) -> Tensor:
        """Describes start and length, of n samples as n / (n + 8,000): the length of the clip isn't known here."""
        return columns(saturating(resolved["start"], NUM_SAMPLES), saturating(resolved["length"], NUM_SAMPLES))


class RandomSegment(_Segment):
    """Keeps one contiguous segment of a waveform in place and zeroes the rest.

    Parameters: ``start`` and ``length`` (batch,) in samples; the length is uniform over the fractions, the start
    over the places where the segment fits. One half of the designed waveform views of Viewmaker Networks (Tamkin et
    al., 2021, published code), which kept 8 to 100 %.

    Args:
        fraction: Smallest and largest part of the clip that is kept, in [0, 1].

    Raises:
        ValueError: A range outside [0, 1].
    """

    def __init__(self, fraction: FractionRange = (0.08, 1.0)):
        super().__init__(fraction)

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x * inside(params["start"], params["length"], x.shape[-1])[:, None]


class WaveformMask(_Segment):
    """Zeroes one contiguous segment of a waveform.

    Parameters: ``start`` and ``length`` (batch,) in samples.

    Args:
        fraction: Smallest and largest part of the clip that is silenced, in [0, 1].

    Raises:
        ValueError: A range outside [0, 1].
    """

    def __init__(self, fraction: FractionRange = (0.0, 0.3)):
        super().__init__(fraction)

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x * ~inside(params["start"], params["length"], x.shape[-1])[:, None]
