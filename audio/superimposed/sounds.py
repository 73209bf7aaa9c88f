"""Superimposed sounds: two sources in one clip, each with its labels, so that one may suppress the other's features."""

from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor

from audio.data.files import to_int16
from audio.data.sound_data import SoundData
from audio.front_end import CenterCrop
from audio.views.snr import mix
from viewlearn.data import ArrayDataset, Dataset, Split, in_memory
from viewlearn.data.indexed import indexed_uniform
from viewlearn.views import Compose, Params, View, draw

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class SuperimposedDataset:
    """Each foreground sample over a background that was drawn for its index: the same in every epoch and every view.

        y_i = (x_i + g_i·b_{j(i)}) / max(1, peak),   10·log10(P(x_i) / P(g_i·b_{j(i)})) = snr_i ~ U[low, high] dB

    Background j(i) is uniform over the background data; a longer one is cut at a random place, and a shorter one
    lies at a random place in silence. Powers are means over the whole clip.

    Args:
        foreground: samples ``(1, time)``.
        background: samples ``(1, any time)`` at the same sample rate.
        snr_db: lowest and highest signal-to-noise ratio in dB.
        seed: of all draws, which depend on it, the stream and each sample's index only.
        stream: name of the draws, such as the split's.
        layers: whether samples are ``(2, time)``, foreground and scaled background apart, whose sum is the mixture.

    Raises:
        ValueError: no backgrounds, a task that both have, or a range whose low exceeds its high.
    """

    def __init__(
        self,
        foreground: Dataset,
        background: Dataset,
        snr_db: tuple[float, float] = (0.0, 10.0),
        seed: int = 0,
        stream: str = "",
        layers: bool = False,
    ):
        if snr_db[0] > snr_db[1]:
            raise ValueError(f"snr_db is {snr_db}; it must be (low, high)")
        if len(foreground) and not len(background):
            raise ValueError("there are no backgrounds in this split; give one more, or another fraction")
        drawn = indexed_uniform(seed, f"{stream} mixture", np.arange(len(foreground)), 3)
        self.foreground, self.background, self.layers = foreground, background, layers
        self.partner = (drawn[:, 0] * len(background)).astype(np.int64)
        self.position = drawn[:, 1]
        self.snr_db = torch.from_numpy(snr_db[0] + (snr_db[1] - snr_db[0]) * drawn[:, 2]).float()

    def __len__(self) -> int:
        return len(self.foreground)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        x, labels = self.foreground[index]
        noise, others = self.background[int(self.partner[index])]
        shared = labels.keys() & others.keys()
        if shared:
            raise ValueError(f"foreground and background both have a task {shared.pop()!r}; rename one")
        x, noise = x / 32768, place(noise / 32768, x.shape[-1], float(self.position[index]))
        mixture = mix(x[None], noise[None], self.snr_db[index : index + 1])[0]
        peak = max(1.0, mixture.abs().amax().item())
        stored = torch.cat([x, mixture - x]) if self.layers else mixture
        return to_int16(stored / peak), {**labels, **others}


def place(x: Tensor, num_samples: int, position: float) -> Tensor:
    """A window of ``num_samples`` of ``(channel, time)``, or x between zeros, at ``position`` in [0, 1) of the room."""
    room = x.shape[-1] - num_samples
    start = int(position * (abs(room) + 1))
    if room >= 0:
        return x.narrow(-1, start, num_samples)
    return torch.nn.functional.pad(x, (start, -room - start))


class SumLayers(View):
    """Foreground and background ``(batch, 2, time)`` as their mixture ``(batch, 1, time)``; mixtures pass."""

    stage = "natural"

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return x if x.shape[1] == 1 else x.sum(1, keepdim=True)

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(len(x), 1, x.shape[-1])


class RedrawBackground(View):
    """Replaces the background by another sample's, anew for every view: what the published code did.

    Its two views of a pair drew their backgrounds independently, so that with three kinds they shared one in a third
    of the pairs, and the background was hardly a shared feature (Feature Dropout, Tamkin et al., 2023, released
    code). Needs data with ``layers``. Parameter: ``offset`` (batch,); sample i takes from (i + offset) mod batch,
    itself included, at that background's level.
    """

    stage = "natural"

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"offset": draw.integers(x, 0, len(x), generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if x.shape[1] != 2:
            raise ValueError(
                f"RedrawBackground needs foreground and background apart, not {x.shape[1]} channel(s): superimposed "
                "sounds with layers (--data.layers true)"
            )
        other = (torch.arange(len(x), device=x.device) + params["offset"]) % len(x)
        return torch.stack([x[:, 0], x[other, 1]], dim=1)


class Superimposed(SoundData):
    """What data of superimposed sounds share: splits of mixtures, made once.

    Args:
        snr_db: lowest and highest signal-to-noise ratio in dB.
        mix_seed: of the draws that pair and mix.
        layers: keeps foreground and background apart, for ``RedrawBackground``; the front end adds them.
        memory_gb: largest size of a split that is kept in memory, in gigabytes.
        kwargs: those of ``SoundData``.
    """

    def __init__(
        self, snr_db: tuple[float, float], mix_seed: int = 0, layers: bool = False, memory_gb: float = 1.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.snr_db, self.mix_seed, self.layers, self.memory_gb = snr_db, mix_seed, layers, memory_gb

    def sources(self, name: Split) -> tuple[Dataset, Dataset]:
        """Foreground and background of a split."""
        raise NotImplementedError

    def split(self, name: Split) -> Dataset:
        if name not in SPLITS:
            raise ValueError(f"no split {name!r}; there are {', '.join(SPLITS)}")
        if name not in self._made:
            mixed = SuperimposedDataset(*self.sources(name), self.snr_db, self.mix_seed, name, self.layers)
            num_bytes = 2 * len(mixed) * self.keep_samples * (2 if self.layers else 1)
            self._made[name] = self._in_memory(mixed) if num_bytes <= self.memory_gb * 1e9 else mixed
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, Dataset]:
        return {}

    def _in_memory(self, mixed: SuperimposedDataset) -> Dataset:
        if len(mixed):
            return in_memory(mixed)
        empty = torch.empty(0, 2 if self.layers else 1, self.keep_samples, dtype=torch.int16)
        return ArrayDataset(empty, {task: torch.empty(0, dtype=torch.int64) for task in self.tasks})

    def _to_clip(self) -> View:
        crop = CenterCrop(self.num_samples)
        return Compose(sum=SumLayers(), crop=crop) if self.layers else crop


class SuperimposedSounds(Superimposed):
    """Any two sources of sound in one clip: foreground and background with the labels of both.

    Clip lengths, sample rate and spectrogram are the foreground's. Splits pair like with like, so that files of the
    background's test split are heard in no training mixture.

    Args:
        foreground: data of the sounds that set the level.
        background: data of the sounds that are mixed in; their ``keep_seconds`` is what they are cut from.
        snr_db: lowest and highest signal-to-noise ratio in dB.
        mix_seed: of the draws that pair and mix.
        layers: keeps foreground and background apart, for ``RedrawBackground``; the front end adds them.
        memory_gb: largest size of a split that is kept in memory, in gigabytes.
        mean: of the mixtures' log-mel values in dB; measured by default.
        std: of the mixtures' log-mel values in dB; measured by default.

    Raises:
        ValueError: sources of different sample rates, a task that both have.
    """

    def __init__(
        self,
        foreground: SoundData,
        background: SoundData,
        snr_db: tuple[float, float] = (0.0, 10.0),
        mix_seed: int = 0,
        layers: bool = False,
        memory_gb: float = 1.0,
        mean: float | None = None,
        std: float | None = None,
    ):
        if foreground.sample_rate != background.sample_rate:
            raise ValueError(
                f"the foreground has {foreground.sample_rate} Hz, the background {background.sample_rate} Hz; "
                "give both the same sample_rate"
            )
        super().__init__(
            snr_db,
            mix_seed,
            layers,
            memory_gb,
            geometry=foreground.geometry,
            sample_rate=foreground.sample_rate,
            seconds=foreground.num_samples / foreground.sample_rate,
            keep_seconds=foreground.keep_samples / foreground.sample_rate,
            mean=mean,
            std=std,
        )
        self.foreground, self.background = foreground, background

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {**self.foreground.tasks, **self.background.tasks}

    def sources(self, name: Split) -> tuple[Dataset, Dataset]:
        return self.foreground.split(name), self.background.split(name)
