"""Waveforms as z-scored log-mel spectrograms."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Decibels, Hertz, Positive, PositiveDecibels, SampleRate, Value, Width
from viewlearn.views import Params, View
from viewlearn.views.parts import in_parts

CHUNK = 2**19  # windowed samples that are transformed at a time
GROUP = 16  # mel bands that are summed at a time

MelScale = Literal["slaney", "htk"]


class LogMel(View):
    """Turns waveforms ``(batch, channel, time)`` into z-scored log-mel spectrograms ``(batch, channel, mel, frame)``::

        L = 10·log10(max(mel power, 10^(floor_db/10))) in dB,   L ← max(L, max L − top_db),   z = (L − mean) / std

    The maximum is each sample's own. Deterministic and differentiable. The mel part equals
    ``torchaudio.transforms.MelSpectrogram`` (centered Hann windows, reflected at the borders, power 2), whose filters
    it uses; powers are summed without taking the root first, in blocks that stay in the cache. There are
    1 + time // hop_length frames.

    Args:
        sample_rate: Sample rate of the waveforms in Hz.
        n_fft: Samples in a window and in its Fourier transform.
        hop_length: Samples from one frame to the next; above n_fft, some samples are never seen.
        n_mels: Number of mel bands.
        f_min: Lower edge of the lowest band in Hz.
        f_max: Upper edge of the highest band in Hz; None for half of the sample rate.
        mel_scale: "slaney" (librosa's default, bands of equal area) or "htk" (bands of peak 1).
        floor_db: Lowest level in dB re full scale, to which lower power is raised.
        top_db: Dynamic range in dB below each sample's loudest point; None keeps all above the floor.
        mean: Mean of the data set's values in dB, which is subtracted; see ``audio.front_end.log_mel_statistics``.
        std: Standard deviation of the data set's values in dB, by which is divided.

    Raises:
        ValueError: A rate, size or standard deviation that isn't positive, or bands outside of 0 Hz to half of the
            sample rate.
    """

    stage = "natural"

    filters: Tensor
    window: Tensor

    def __init__(
        self,
        sample_rate: SampleRate = 16000,
        n_fft: Width = 1024,
        hop_length: Width = 160,
        n_mels: Width = 64,
        f_min: Hertz = 0.0,
        f_max: Hertz | None = None,
        mel_scale: MelScale = "slaney",
        floor_db: Decibels = -100.0,
        top_db: PositiveDecibels | None = 80.0,
        mean: Value = 0.0,
        std: Positive = 1.0,
    ):
        super().__init__()
        top = sample_rate / 2 if f_max is None else f_max
        if not 0 <= f_min < top <= sample_rate / 2:
            raise ValueError(f"bands from {f_min} to {top} Hz must lie between 0 and {sample_rate / 2} Hz")
        self.register_buffer("filters", _filters(n_fft, f_min, top, n_mels, sample_rate, mel_scale), persistent=False)
        self._groups = _groups(self.filters)
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.n_mels, self.n_fft, self.hop_length = n_mels, n_fft, hop_length
        self.floor_db, self.top_db, self.mean, self.std = floor_db, top_db, mean, std

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return self._in_parts(lambda chunk: self._decibels(chunk).sub_(self.mean).div_(self.std), x)

    def decibels(self, x: Tensor) -> Tensor:
        """The spectrogram in dB, before z-scoring.

        Raises:
            ValueError: A clip of no more than half a window, which is too short to be reflected at its borders.
        """
        return self._in_parts(self._decibels, x)

    def _in_parts(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        if x.shape[-1] <= self.n_fft // 2:
            raise ValueError(f"clips of {x.shape[-1]} samples are too short for windows of {self.n_fft}: lengthen them")
        frames = 1 + x.shape[-1] // self.hop_length
        return in_parts(function, CHUNK // (frames * self.n_fft), x)

    def _decibels(self, x: Tensor) -> Tensor:
        level = self._mel_power(x).clamp_min(10 ** (self.floor_db / 10)).log10().mul_(10)
        if self.top_db is None:
            return level
        return torch.maximum(level, level.amax(dim=(-3, -2, -1), keepdim=True) - self.top_db)

    def _mel_power(self, x: Tensor) -> Tensor:
        """``(batch, channel, mel, frame)`` power in each band."""
        half = self.n_fft // 2
        padded = torch.nn.functional.pad(x, (half, half), mode="reflect")
        frames = padded.unfold(-1, self.n_fft, self.hop_length) * self.window.to(x.dtype)
        squares = torch.view_as_real(torch.fft.rfft(frames)).square_()
        power, filters = squares[..., 0] + squares[..., 1], self.filters.to(x.dtype)
        # A band takes few frequencies: multiplying neighbors by theirs alone saves most of the products.
        with torch.autocast(x.device.type, enabled=False):  # the encoder reads the same in training and in evaluation
            bands = [power[..., low:high] @ filters[low:high, first:last] for first, last, low, high in self._groups]
        return torch.cat(bands, dim=-1).transpose(-2, -1)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(*x.shape[:-1], self.n_mels, 1 + x.shape[-1] // self.hop_length)


def _filters(n_fft: int, f_min: float, f_max: float, n_mels: int, sample_rate: int, mel_scale: MelScale) -> Tensor:
    """Weights ``(n_fft // 2 + 1, n_mels)`` of each frequency in each band."""
    from torchaudio.functional import melscale_fbanks  # here, so that runs on images don't load torchaudio

    norm = "slaney" if mel_scale == "slaney" else None
    return melscale_fbanks(n_fft // 2 + 1, f_min, f_max, n_mels, sample_rate, norm, mel_scale)


def _groups(filters: Tensor) -> list[tuple[int, int, int, int]]:
    """Groups of neighboring bands, as (first band, last + 1, first frequency, last + 1) where they aren't zero."""
    groups = []
    for first in range(0, filters.shape[1], GROUP):
        last = min(first + GROUP, filters.shape[1])
        used = filters[:, first:last].amax(1).nonzero().flatten()
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
        groups.append((first, last, low, high))
    return groups
