"""Low-, high- and band-pass filters with a cutoff of each sample's own.

The filters are the second-order sections of R. Bristow-Johnson's Audio EQ Cookbook, as in torchaudio's ``*_biquad``,
applied by multiplying with their frequency response: a recursion over time is sequential, a Fourier transform isn't.
"""

import math
from abc import abstractmethod

import torch
from torch import Generator, Tensor

from audio.views.waveform.fourier import fast_length
from viewlearn.bounds import HertzRange, Positive, SampleRate
from viewlearn.views import Params, View, draw
from viewlearn.views.checks import Range, require
from viewlearn.views.description import columns, within_range
from viewlearn.views.parts import in_parts

BLOCK = 2**13  # samples of one transform
CHUNK = 2**19  # samples that are filtered at a time


class _Biquad(View):
    """Draws a frequency per sample, uniform in log Hz, and applies the filter that ``response`` designs."""

    stage = "natural"

    def __init__(self, name: str, hz: Range, q: Positive, sample_rate: SampleRate | None):
        super().__init__()
        self.sample_rate = require(self, "sample_rate", sample_rate)
        self.name, self.hz = name, hz
        self.continuous = hz[0] < hz[1]
        if self.hz[1] >= self.sample_rate / 2:
            raise ValueError(
                f"{name} reaches {self.hz[1]} Hz; it must stay below half of the sample rate, {self.sample_rate / 2} Hz"
            )
        self.q = q

    @abstractmethod
    def response(self, cutoff: Tensor, versine: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
        """H(e^{iω}) from the versines 1 − cos of the cutoff and of ω, and its denominator real + i·imaginary."""

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {self.name: draw.log_uniform(x, *self.hz, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        # Overlap-save: blocks begin with what the filter still remembers (to 1e-7), and their outputs there are
        # dropped. Short transforms stay in the cache, and need few points of the response.
        size, memory = x.shape[-1], _decay(self.hz[0], self.q, self.sample_rate)
        length = fast_length(min(size + memory, max(BLOCK, 8 * memory)))
        step = length - memory
        omega = 2 * math.pi * torch.arange(length // 2 + 1, device=x.device, dtype=torch.float64) / length
        cutoff = 2 * math.pi * params[self.name].double()[:, None, None] / self.sample_rate
        # Numerator and denominator are divided by 2·e^{−iω}, which makes cosines of their polynomials; versines keep
        # their differences exact at low frequencies in single precision.
        alpha = (cutoff.sin() / (2 * self.q)).to(x.dtype)
        cutoff = (2 * (cutoff / 2).sin().square()).to(x.dtype)
        versine, sine = (2 * (omega / 2).sin().square()).to(x.dtype), omega.sin().to(x.dtype)

        def apply(x: Tensor, cutoff: Tensor, alpha: Tensor) -> Tensor:
            response = self.response(cutoff, versine, cutoff - versine, alpha * sine)
            blocks = torch.nn.functional.pad(x, (memory, -size % step)).unfold(-1, length, step)
            filtered = torch.fft.irfft(torch.fft.rfft(blocks).mul_(response[:, None]), n=length)
            return filtered[..., memory:].flatten(-2)[..., :size]

        return in_parts(apply, CHUNK // size, x, cutoff, alpha)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the frequency, by its place from the lowest to the highest in octaves, from 0 to 1."""
        low, high = (math.log(hz) for hz in self.hz)
        return columns(within_range(resolved[self.name].float().log(), low, high, start=low))


def _decay(hz: float, q: float, sample_rate: int) -> int:
    """Samples after which the impulse response of a filter at ``hz`` has fallen to 1e-7."""
    omega = 2 * math.pi * hz / sample_rate
    alpha = math.sin(omega) / (2 * q)
    overdamped = math.sqrt(max(alpha**2 - math.sin(omega) ** 2, 0.0))  # real poles when q < 1/2
    radius = (abs(math.cos(omega)) + overdamped) / (1 + alpha) if overdamped else math.sqrt((1 - alpha) / (1 + alpha))
    return math.ceil(math.log(1e-7) / math.log(min(max(radius, 1e-3), 1 - 1e-6)))


class LowPass(_Biquad):
    """Removes what lies above a cutoff, at 12 dB an octave; torchaudio's ``lowpass_biquad`` per sample.

    H(z) with b = ((1−cos ω)/2, 1−cos ω, (1−cos ω)/2), a = (1+α, −2cos ω, 1−α), ω = 2π·cutoff/rate,
    α = sin ω / 2Q. Parameter: ``cutoff_hz`` (batch,). Unlike torchaudio's, the output isn't clamped to [-1, 1].

    Args:
        cutoff_hz: Lowest and highest cutoff in Hz; uniform in its logarithm.
        q: Quality; 1/√2 has no peak.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A cutoff below 1 Hz or not below half of the sample rate, or no sample rate.
    """

    def __init__(
        self, cutoff_hz: HertzRange = (800.0, 3500.0), q: Positive = 0.7071, sample_rate: SampleRate | None = None
    ):
        super().__init__("cutoff_hz", cutoff_hz, q, sample_rate)

    def response(self, cutoff: Tensor, versine: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
        scale = cutoff * (1 - versine / 2) / (real.square() + imaginary.square())
        return torch.complex(scale * real, -scale * imaginary)


class HighPass(_Biquad):
    """Removes what lies below a cutoff, at 12 dB an octave; torchaudio's ``highpass_biquad`` per sample.

    b = ((1+cos ω)/2, −1−cos ω, (1+cos ω)/2), a as for ``LowPass``. Parameter: ``cutoff_hz`` (batch,).

    Args:
        cutoff_hz: Lowest and highest cutoff in Hz; uniform in its logarithm.
        q: Quality; 1/√2 has no peak.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A cutoff below 1 Hz or not below half of the sample rate, or no sample rate.
    """

    def __init__(
        self, cutoff_hz: HertzRange = (60.0, 800.0), q: Positive = 0.7071, sample_rate: SampleRate | None = None
    ):
        super().__init__("cutoff_hz", cutoff_hz, q, sample_rate)

    def response(self, cutoff: Tensor, versine: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
        scale = (cutoff / 2 - 1) * versine / (real.square() + imaginary.square())
        return torch.complex(scale * real, -scale * imaginary)


class BandPass(_Biquad):
    """Keeps a band around a center frequency, 0 dB at its peak; torchaudio's ``bandpass_biquad`` per sample.

    b = (α, 0, −α), a as for ``LowPass``. Parameter: ``center_hz`` (batch,).

    Args:
        center_hz: Lowest and highest center in Hz; uniform in its logarithm.
        q: Quality: center over bandwidth.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A center below 1 Hz or not below half of the sample rate, or no sample rate.
    """

    def __init__(
        self, center_hz: HertzRange = (300.0, 3500.0), q: Positive = 0.7071, sample_rate: SampleRate | None = None
    ):
        super().__init__("center_hz", center_hz, q, sample_rate)

    def response(self, cutoff: Tensor, versine: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
        scale = imaginary / (real.square() + imaginary.square())
        return torch.complex(scale * imaginary, scale * real)
