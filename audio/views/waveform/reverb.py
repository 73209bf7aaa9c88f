"""Reverberation of waveforms: a room made of decaying noise, or one that was recorded."""

import math
from pathlib import Path

import torch
from torch import Generator, Tensor

from audio.data.files import find_audio, read
from audio.snr import noise_gain
from audio.views.common import Range, check_range, fast_length, require
from viewlearn.views import Params, View, draw


def convolve(x: Tensor, response: Tensor) -> Tensor:
    """``(batch, channel, time)`` waveforms through an impulse response ``(batch, taps)`` each; the tail is cut off."""
    length = fast_length(x.shape[-1] + response.shape[-1] - 1)
    spectrum = torch.fft.rfft(x, n=length) * torch.fft.rfft(response.to(x.dtype), n=length)[:, None]
    return torch.fft.irfft(spectrum, n=length)[..., : x.shape[-1]]


class Reverberation(View):
    """Puts a waveform into a synthetic room: the direct sound, and Gaussian noise that decays exponentially.

        h(t) = δ(t) + g·n(t)·10^(−3t/T60)          (J. D. Polack's model of late reverberation, 1988)

    with g such that direct sound over reverberation has the energy ratio that was drawn. Parameters: ``t60`` (batch,)
    seconds in which the room falls by 60 dB; ``direct_db`` (batch,); ``noise`` (batch, taps).

    Args:
        t60: shortest and longest decay by 60 dB, in seconds.
        direct_db: lowest and highest direct-to-reverberant energy ratio in dB.
        sample_rate: in Hz; bound from the data.

    Raises:
        ValueError: a T60 of 0, or no sample rate.
    """

    stage = "natural"

    def __init__(self, t60: Range = (0.1, 0.8), direct_db: Range = (0.0, 20.0), sample_rate: int | None = None):
        super().__init__()
        require(self, sample_rate=sample_rate)
        self.t60 = check_range("t60", t60, 1e-3)
        self.direct_db = check_range("direct_db", direct_db)
        self.sample_rate = sample_rate

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        taps = min(math.ceil(self.t60[1] * self.sample_rate), x.shape[-1])
        return {
            "t60": draw.uniform(x, *self.t60, generator),
            "direct_db": draw.uniform(x, *self.direct_db, generator),
            "noise": draw.normal(x, generator, taps),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return convolve(x, self.response(params))

    def response(self, params: Params) -> Tensor:
        """The impulse responses ``(batch, taps)`` of the rooms that ``params`` describe."""
        noise = params["noise"]
        time = torch.arange(noise.shape[-1], device=noise.device) / self.sample_rate
        tail = noise * 10 ** (-3 * time / params["t60"][:, None])
        direct = torch.zeros_like(tail)
        direct[:, 0] = 1.0
        gain = noise_gain(direct[:, None], tail[:, None], params["direct_db"])
        return direct + gain.squeeze(1) * tail


class ImpulseResponse(View):
    """Puts a waveform into a recorded room: convolution with an impulse response from a folder, drawn per sample.

    Each response is mixed down, cut to start at its strongest sample (the direct sound, so that nothing is delayed),
    and scaled to unit energy. Parameter: ``index`` (batch,) into ``names``.

    Args:
        folder: of impulse responses; every audio file below it.
        sample_rate: in Hz; bound from the data.
        max_seconds: what is longer is cut off.

    Raises:
        ValueError: a folder without audio, a silent file, or no sample rate.
    """

    stage = "natural"

    def __init__(self, folder: str, sample_rate: int | None = None, max_seconds: float = 1.0):
        super().__init__()
        require(self, sample_rate=sample_rate)
        paths = find_audio(folder)
        self.names = [path.name for path in paths]
        responses = [_aligned(read(path, sample_rate), path, int(max_seconds * sample_rate)) for path in paths]
        padded = torch.nn.utils.rnn.pad_sequence(responses, batch_first=True)
        self.register_buffer("responses", padded, persistent=False)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"index": draw.integers(x, 0, len(self.responses), generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return convolve(x, self.responses[params["index"]])


def _aligned(response: Tensor, path: Path, taps: int) -> Tensor:
    """One mono response from its direct sound on, with unit energy."""
    response = response.mean(0)
    response = response[response.abs().argmax() :][:taps]
    energy = response.square().sum()
    if energy == 0:
        raise ValueError(f"{path} is silent; an impulse response must not be")
    return response / energy.sqrt()
