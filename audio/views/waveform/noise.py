"""Noise added to waveforms at a signal-to-noise ratio."""

from typing import Annotated

import torch
from torch import Generator, Tensor

from audio.views.snr import mix
from viewlearn.bounds import Ascending, Bounds, DecibelRange
from viewlearn.views import Params, View, draw
from viewlearn.views.description import columns, within_range


class WhiteNoise(View):
    """Adds Gaussian white noise at a signal-to-noise ratio drawn per sample, uniform in dB.

    Parameters: ``snr_db`` (batch,) and ``noise`` (batch, channel, time), standard normal before it is scaled.
    Given the same noise, mono waveforms equal ``torchaudio.functional.add_noise``; that function scales each
    channel by itself, this view all channels of a sample alike.

    Args:
        snr_db: Lowest and highest signal-to-noise ratio in dB.

    Raises:
        ValueError: A range whose low exceeds its high.
    """

    stage = "natural"
    continuous = True

    def __init__(self, snr_db: DecibelRange = (5.0, 40.0)):
        super().__init__()
        self.snr_db = snr_db

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "snr_db": draw.uniform(x, *self.snr_db, generator),
            "noise": draw.normal(x, generator, *x.shape[1:]),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return mix(x, params["noise"].to(x.dtype), params["snr_db"])

    def describe(self, resolved: Params) -> Tensor:
        """Describes how loud the noise is, 0 at the highest ratio and 1 at the lowest."""
        return columns(-within_range(resolved["snr_db"], *self.snr_db, start=self.snr_db[1]))


Exponent = Annotated[float, Bounds(-10, 10)]
ExponentRange = Annotated[tuple[Exponent, Exponent], Ascending()]


class ColoredNoise(View):
    """Adds noise whose power falls as 1/f^a, with the exponent a and the signal-to-noise ratio drawn per sample.

    Noise is white at a = 0, pink at 1, brown at 2 and blue at −1. White noise is multiplied by f^(−a/2) in the Fourier
    domain, and its constant component removed. Parameters: ``snr_db`` and ``exponent`` (batch,), and
    ``noise`` (batch, channel, time), white.

    Args:
        snr_db: Lowest and highest signal-to-noise ratio in dB.
        exponent: Lowest and highest exponent a.

    Raises:
        ValueError: A range whose low exceeds its high.
    """

    stage = "natural"
    continuous = True

    def __init__(
        self,
        snr_db: DecibelRange = (5.0, 40.0),
        exponent: ExponentRange = (-1.0, 2.0),
    ):
        super().__init__()
        self.snr_db = snr_db
        self.exponent = exponent

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "snr_db": draw.uniform(x, *self.snr_db, generator),
            "exponent": draw.uniform(x, *self.exponent, generator),
            "noise": draw.normal(x, generator, *x.shape[1:]),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        size = x.shape[-1]
        frequency = torch.fft.rfftfreq(size, device=x.device, dtype=x.dtype)
        frequency[0] = 1.0
        response = frequency ** (-params["exponent"].to(x.dtype)[:, None] / 2)
        response[:, 0] = 0.0
        colored = torch.fft.irfft(torch.fft.rfft(params["noise"].to(x.dtype)) * response[:, None], n=size)
        return mix(x, colored, params["snr_db"])

    def describe(self, resolved: Params) -> Tensor:
        """Describes how loud the noise is, as white noise does, and its exponent in lengths of its range."""
        loudness = -within_range(resolved["snr_db"], *self.snr_db, start=self.snr_db[1])
        return columns(loudness, within_range(resolved["exponent"], *self.exponent, start=0.0))
