"""Reverberation of waveforms: a synthetic room of decaying noise, or a recorded one."""

import math
from pathlib import Path
from typing import Annotated

import torch
from torch import Generator, Tensor

from audio.data.files import find_audio, read_audio
from audio.views.snr import noise_gain
from audio.views.waveform.fourier import fast_length
from viewlearn.bounds import Ascending, Bounds, DecibelRange, SampleRate, Seconds
from viewlearn.views import Chance, Params, View, draw
from viewlearn.views.checks import require
from viewlearn.views.description import columns, within_range

ReverberationTime = Annotated[float, Bounds(1e-3, 100)]
ReverberationTimeRange = Annotated[tuple[ReverberationTime, ReverberationTime], Ascending()]


class Reverberation(View):
    """Puts a waveform into a synthetic room: the direct sound, and Gaussian noise that decays exponentially::

        h(t) = δ(t) + g·n(t)·10^(−3t/T60)          (J. D. Polack's model of late reverberation, 1988)

    with g such that direct sound over reverberation has the energy ratio that was drawn. Parameters: ``t60`` (batch,)
    seconds in which the room falls by 60 dB; ``direct_db`` (batch,); ``noise`` (batch, taps).

    Args:
        t60: Shortest and longest decay by 60 dB, in seconds.
        direct_db: Lowest and highest direct-to-reverberant energy ratio in dB.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A T60 below 1 ms, or no sample rate.
    """

    stage = "natural"
    continuous = True

    def __init__(
        self,
        t60: ReverberationTimeRange = (0.1, 0.8),
        direct_db: DecibelRange = (0.0, 20.0),
        sample_rate: SampleRate | None = None,
    ):
        super().__init__()
        self.sample_rate = require(self, "sample_rate", sample_rate)
        self.t60 = t60
        self.direct_db = direct_db

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        taps = min(math.ceil(self.t60[1] * self.sample_rate), x.shape[-1])
        return {
            "t60": draw.uniform(x, *self.t60, generator),
            "direct_db": draw.uniform(x, *self.direct_db, generator),
            "noise": draw.normal(x, generator, taps),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return _convolve(x, self.response(params))

    def describe(self, resolved: Params) -> Tensor:
        """Describes the decay in lengths of its range, 0 at the shortest, and how loud it is, 0 at the least."""
        loudness = -within_range(resolved["direct_db"], *self.direct_db, start=self.direct_db[1])
        return columns(within_range(resolved["t60"], *self.t60, start=self.t60[0]), loudness)

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
        folder: Folder of impulse responses; every audio file below it is used.
        sample_rate: Sample rate in Hz; bound from the data.
        max_seconds: Longest response in seconds; what comes later is cut off.

    Raises:
        ValueError: A folder without audio, a silent file, or no sample rate.
    """

    stage = "natural"

    responses: Tensor

    def __init__(self, folder: str, sample_rate: SampleRate | None = None, max_seconds: Seconds = 1.0):
        super().__init__()
        sample_rate = require(self, "sample_rate", sample_rate)
        paths = find_audio(folder)
        self.names = [path.name for path in paths]
        responses = [_aligned(read_audio(path, sample_rate), path, int(max_seconds * sample_rate)) for path in paths]
        padded = torch.nn.utils.rnn.pad_sequence(responses, batch_first=True)
        self.register_buffer("responses", padded, persistent=False)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"index": draw.integers(x, 0, len(self.responses), generator)}

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        index, chance = draw.other_integers(params["index"], 0, len(self.responses), generator)
        return {"index": index}, chance

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return _convolve(x, self.responses[params["index"]])

    def describe(self, resolved: Params) -> Tensor:
        """Describes which room it is, by a flag for each."""
        rooms = torch.arange(len(self.responses), device=resolved["index"].device)
        return (resolved["index"][:, None] == rooms).float()


def _convolve(x: Tensor, response: Tensor) -> Tensor:
    """Sends ``(batch, channel, time)`` waveforms through one impulse response ``(batch, taps)`` each; cuts the tail."""
    length = fast_length(x.shape[-1] + response.shape[-1] - 1)
    spectrum = torch.fft.rfft(x, n=length) * torch.fft.rfft(response.to(x.dtype), n=length)[:, None]
    return torch.fft.irfft(spectrum, n=length)[..., : x.shape[-1]]


def _aligned(response: Tensor, path: Path, taps: int) -> Tensor:
    """One mono response from its direct sound on, with unit energy."""
    response = response.mean(0)
    response = response[response.abs().argmax() :][:taps]
    energy = response.square().sum()
    if energy == 0:
        raise ValueError(f"{path} is silent, which no impulse response is")
    return response / energy.sqrt()
