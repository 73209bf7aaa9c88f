"""Recorded background sounds under waveforms."""

import torch
from torch import Generator, Tensor

from audio.data.files import find_audio, read_audio, to_int16
from audio.views.snr import mix
from viewlearn.bounds import DecibelRange, SampleRate
from viewlearn.views import Params, View, draw
from viewlearn.views.checks import require
from viewlearn.views.description import columns, within_range


class BackgroundNoise(View):
    """Mixes a random stretch of a random file from a folder under each waveform, at a signal-to-noise ratio.

    Files are decoded, mixed down and resampled once, and kept in memory as 16-bit samples; those shorter than a clip
    repeat. Parameters, each (batch,): ``file``, an index into ``names``; ``position`` in [0, 1) of that file;
    ``snr_db``.

    Args:
        folder: Folder of background sounds; every audio file below it is used.
        snr_db: Lowest and highest signal-to-noise ratio in dB.
        sample_rate: Sample rate in Hz; bound from the data.

    Raises:
        ValueError: A folder without audio, an unreadable file, or no sample rate.
    """

    stage = "natural"
    continuous = True

    sounds: Tensor
    lengths: Tensor
    starts: Tensor

    def __init__(self, folder: str, snr_db: DecibelRange = (0.0, 20.0), sample_rate: SampleRate | None = None):
        super().__init__()
        self.snr_db = snr_db
        sample_rate = require(self, "sample_rate", sample_rate)
        paths = find_audio(folder)
        self.names = [path.name for path in paths]
        sounds = [to_int16(read_audio(path, sample_rate).mean(0)) for path in paths]
        lengths = torch.tensor([len(sound) for sound in sounds], dtype=torch.int64)
        self.register_buffer("sounds", torch.cat(sounds), persistent=False)
        self.register_buffer("lengths", lengths, persistent=False)
        self.register_buffer("starts", lengths.cumsum(0) - lengths, persistent=False)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "file": draw.integers(x, 0, len(self.lengths), generator),
            "position": draw.uniform(x, 0.0, 1.0, generator),
            "snr_db": draw.uniform(x, *self.snr_db, generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        length, start = self.lengths[params["file"]], self.starts[params["file"]]
        offset = (params["position"].double() * length).long()
        index = (offset[:, None] + torch.arange(x.shape[-1], device=x.device)) % length[:, None]
        noise = self.sounds[start[:, None] + index].to(x.dtype) / 32768
        return mix(x, noise[:, None].expand_as(x), params["snr_db"])

    def describe(self, resolved: Params) -> Tensor:
        """Describes how loud the noise is, 0 at the highest ratio and 1 at the lowest; not which noise it is."""
        return columns(-within_range(resolved["snr_db"], *self.snr_db, start=self.snr_db[1]))
