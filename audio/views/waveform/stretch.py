"""Tempo and pitch of waveforms, one changed without the other."""

import math
from typing import Annotated

from torch import Generator, Tensor

from audio.views.waveform.vocoder import speed, stretch
from viewlearn.bounds import Ascending, Bounds, Width
from viewlearn.views import Params, View, draw
from viewlearn.views.description import columns, within_range

Rate = Annotated[float, Bounds(0.01, 100)]
RateRange = Annotated[tuple[Rate, Rate], Ascending()]
Semitones = Annotated[float, Bounds(-36, 36)]
SemitonesRange = Annotated[tuple[Semitones, Semitones], Ascending()]


class TimeStretch(View):
    """Plays each waveform faster or slower at the same pitch, in a clip of the same length.

    Parameter: ``rate`` (batch,), log-uniform; above 1 the sound is faster, and silence follows it; below 1 it is
    slower, and its end is cut off. Equals ``torchaudio.functional.phase_vocoder`` between an STFT and its inverse,
    with a rate for each sample.

    Args:
        rate: Lowest and highest rate.
        n_fft: Samples in a window of the phase vocoder; the hop is a quarter of it.

    Raises:
        ValueError: A rate below 0.01 or above 100.
    """

    stage = "natural"

    def __init__(self, rate: RateRange = (0.8, 1.25), n_fft: Width = 512):
        super().__init__()
        self.rate = rate
        self.continuous = rate[0] < rate[1]
        self.n_fft = n_fft

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"rate": draw.log_uniform(x, *self.rate, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return stretch(x, params["rate"], x.shape[-1], self.n_fft)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the logarithm of the rate in lengths of its range, 0 at the rate 1."""
        low, high = (math.log(rate) for rate in self.rate)
        return columns(within_range(resolved["rate"].float().log(), low, high, start=0.0))


class PitchShift(View):
    """Raises or lowers the pitch of each waveform at the same tempo.

    The waveform is stretched by 2^(s/12) for s semitones, and then read that much faster. Parameter: ``semitones``
    (batch,), at most the largest that ``semitones`` allows. The stretching is torchaudio's; the reading differs from
    ``torchaudio.functional.pitch_shift``, whose polyphase filter needs the rate as a ratio of small integers: see
    ``audio.views.waveform.vocoder.speed``.

    Args:
        semitones: Lowest and highest shift in semitones.
        n_fft: Samples in a window of the phase vocoder; the hop is a quarter of it.

    Raises:
        ValueError: A shift beyond ±36 semitones.
    """

    stage = "natural"

    def __init__(self, semitones: SemitonesRange = (-3.0, 3.0), n_fft: Width = 512):
        super().__init__()
        self.semitones = semitones
        self.continuous = semitones[0] < semitones[1]
        self.n_fft = n_fft

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"semitones": draw.uniform(x, *self.semitones, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        factor = 2 ** (params["semitones"] / 12)
        longest = math.ceil(x.shape[-1] * max(1.0, 2 ** (self.semitones[1] / 12)))
        return speed(stretch(x, 1 / factor, longest, self.n_fft), factor, x.shape[-1])

    def describe(self, resolved: Params) -> Tensor:
        """Describes the shift in lengths of its range, 0 at no shift."""
        return columns(within_range(resolved["semitones"], *self.semitones, start=0.0))
