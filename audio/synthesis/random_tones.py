"""Tones of fixed pitch over sounds, on or off by chance: a shortcut of a known number of bits."""

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from audio.data.sound_data import SoundData
from viewlearn.bounds import Bounds, Seed
from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, Split
from viewlearn.data.indexed import indexed_uniform
from viewlearn.views import View

Tones = Annotated[int, Bounds(0, 20)]
LOWEST = 200.0  # Hz
HIGHEST = 0.45  # of the sample rate
FULL_SCALE = 32767


class RandTone(Data):
    """Sounds with k tones of fixed pitch over them, each on or off by chance: what ``vision.RandBit`` is to images.

    Pitches lie from 200 Hz to 0.45 of the sample rate, evenly in their logarithm; a tone that is on lasts the whole
    clip, with the phase 0. Which are on is fixed for each sound, so that both views share it. Tones are part of the
    waveform: crops in time, masks in time, gains and noise leave them, views of frequency can touch them. The front end
    is that of the sounds without tones.

    Tasks are those of the sounds, and ``tone 0`` … for the first ``tone_tasks`` tones, from the lowest.

    Args:
        sounds: Sounds, stored as int16.
        tones: Number k of tones, 0 to 20.
        level_db: Root mean square of a tone that is on, in dB re full scale.
        tone_tasks: Number of tones that are tasks, at most ``tones``.
        tones_seed: Seed of which tones are on.

    Raises:
        ValueError: More than 20 tones, a level outside −80 … −20 dB; (when read) sounds that have a task of a tone's
            name.
    """

    def __init__(
        self,
        sounds: SoundData,
        tones: Tones = 8,
        level_db: Annotated[float, Bounds(-80, -20)] = -36.0,
        tone_tasks: Tones = 2,
        tones_seed: Seed = 0,
    ):
        self.sounds, self.tones, self.level_db, self.tones_seed = sounds, tones, level_db, tones_seed
        self.tone_tasks = min(tone_tasks, tones)
        self._made: dict[Split, Dataset] = {}

    @property
    def pitches(self) -> np.ndarray:
        """Pitches of the tones in Hz, ascending."""
        return np.geomspace(LOWEST, HIGHEST * self.sounds.sample_rate, max(self.tones, 1))[: self.tones]

    @property
    def spec(self) -> DataSpec:
        own = self.sounds.spec
        tasks = {**own.tasks, **{f"tone {j}": ("off", "on") for j in range(self.tone_tasks)}}
        return DataSpec(
            own.shape, tasks, own.mean, own.std, own.num_train, sample_rate=own.sample_rate, num_samples=own.num_samples
        )

    def split(self, name: Split) -> Dataset:
        if name not in self._made:
            sounds = self.sounds.split(name)
            taken = next((task for task in sounds[0][1] if task.startswith("tone ")), None) if len(sounds) else None
            if taken is not None:
                raise ValueError(f"the sounds have a task {taken!r} already, and so would their tones")
            over = _Toned(sounds, self, name)
            self._made[name] = over.in_memory(sounds) if isinstance(sounds, ArrayDataset) else over
        return self._made[name]

    @property
    def front_end(self) -> View:
        return self.sounds.front_end

    @property
    def skipped(self) -> dict[str, str]:
        return self.sounds.skipped

    def on(self, split: Split, index: np.ndarray) -> Tensor:
        """Returns which tones are on in some sounds of a split, ``(len(index), tones)`` booleans."""
        return torch.from_numpy(indexed_uniform(self.tones_seed, f"tones of {split}", index, self.tones) < 0.5)

    def waves(self, num_samples: int) -> Tensor:
        """The tones by themselves, ``(tones, num_samples)`` in units of stored sounds."""
        times = np.arange(num_samples) / self.sounds.sample_rate
        amplitude = FULL_SCALE * 2**0.5 * 10 ** (self.level_db / 20)
        return torch.from_numpy(amplitude * np.sin(2 * np.pi * self.pitches[:, None] * times)).float()


class _Toned:
    """Adds its tones to each sound as it is read."""

    def __init__(self, sounds: Dataset, data: RandTone, split: Split):
        self.sounds, self.data, self.split = sounds, data, split
        self.waves = data.waves(sounds[0][0].shape[-1]) if len(sounds) else torch.zeros(data.tones, 0)

    def __len__(self) -> int:
        return len(self.sounds)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        sound, labels = self.sounds[index]
        on = self.data.on(self.split, np.array([index]))
        read = {f"tone {j}": int(on[0, j]) for j in range(self.data.tone_tasks)}
        return self._added(sound[None], on)[0], {**labels, **read}

    def in_memory(self, sounds: ArrayDataset) -> ArrayDataset:
        """All sounds with their tones."""
        on = self.data.on(self.split, np.arange(len(sounds)))
        x = torch.empty_like(sounds.x)
        for part in torch.arange(len(sounds)).split(256):
            x[part] = self._added(sounds.x[part], on[part])
        read = {f"tone {j}": on[:, j].long() for j in range(self.data.tone_tasks)}
        return ArrayDataset(x, {**sounds.labels, **read})

    def _added(self, x: Tensor, on: Tensor) -> Tensor:
        x = x.clone()
        x[:, 0] = (x[:, 0].float() + on.float() @ self.waves).round_().clamp_(-FULL_SCALE - 1, FULL_SCALE).short()
        return x
