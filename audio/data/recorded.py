"""Recordings on disk as data: decoded once, split, labeled."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from audio.data.cache import Decoded, decode_files
from audio.data.catalog import Recording, assign_splits, encode_labels
from audio.data.sound_data import SoundData
from audio.front_end import center_crop, named_geometry
from viewlearn.bounds import FractionBelowOne, SampleRate, SecondsOrZero, Seed, Width
from viewlearn.data import Split, Unreadable, report_unreadable


class Clips:
    """Clips of one length from decoded sounds, ``(1, num_samples)`` int16: their middle, or padded with silence.

    Args:
        sounds: Sounds of all splits.
        index: Which of them are in this data set, ``(num,)`` int64.
        labels: Labels ``{task: (num,) int64}``.
        num_samples: Length of a clip in samples.
    """

    def __init__(self, sounds: Decoded, index: Tensor, labels: dict[str, Tensor], num_samples: int):
        self.sounds, self.index, self.labels, self.num_samples = sounds, index, labels, num_samples

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        sound = self.sounds[int(self.index[index])]
        labels = {task: int(value[index]) for task, value in self.labels.items()}
        return center_crop(sound[None], self.num_samples), labels


class RecordedData(SoundData):
    """Recordings in files: decoded, mixed down and resampled once, into a memory-mapped cache.

    A task by which the splits are disjoint is left out of the tasks: no classifier can name a speaker that it never
    heard.

    Args:
        recordings: Files with their labels and splits.
        disjoint: Task whose classes (speakers, say) are never divided between splits.
        test_fraction: Fraction of the recordings (or of the disjoint classes) that is the test split, where the data
            have none of their own.
        validation_fraction: Fraction of the training recordings (or disjoint classes) that is held out.
        split_seed: Seed of these choices.
        cache: Folder of the decoded audio; ``~/.cache/viewlearn/audio`` by default.
        unreadable: Whether a file that can't be read stops the run, or is skipped with a warning and listed in
            ``skipped``.
        min_seconds: Length below which a recording counts as unreadable; one window of the spectrogram by default.
            Recordings shorter than a clip are padded with silence.
        expected_rate: Sample rate in Hz that files must have; by default all are resampled.
        expected_channels: Number of channels that files must have; by default all are mixed down.
        kwargs: Arguments of ``SoundData``.

    Raises:
        ValueError: Recordings that lack labels which others have, fractions outside [0, 1), what ``SoundData``
            raises; files that can't be read.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        disjoint: str | None = None,
        test_fraction: FractionBelowOne = 0.2,
        validation_fraction: FractionBelowOne = 0.1,
        split_seed: Seed = 0,
        cache: str | None = None,
        unreadable: Unreadable = "stop",
        min_seconds: SecondsOrZero | None = None,
        expected_rate: SampleRate | None = None,
        expected_channels: Width | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.recordings = assign_splits(recordings, validation_fraction, test_fraction, disjoint, split_seed)
        classes, self._labels = encode_labels(self.recordings)
        self._tasks = {task: names for task, names in classes.items() if task != disjoint}
        self.cache, self.unreadable = cache, unreadable
        self.expected_rate, self.expected_channels = expected_rate, expected_channels
        self.min_samples = named_geometry(self.geometry).n_fft
        if min_seconds is not None:
            self.min_samples = round(min_seconds * self.sample_rate)

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return self._tasks

    @cached_property
    def sounds(self) -> Decoded:
        """All recordings, decoded."""
        paths = [recording.path for recording in self.recordings]
        sounds = decode_files(
            paths, self.sample_rate, self.cache, self.unreadable, self.expected_rate, self.expected_channels
        )
        sounds = self._long_enough(sounds)
        report_unreadable(sounds.skipped, len(paths), self.unreadable, stacklevel=3)  # past the cached property
        return sounds

    def _long_enough(self, sounds: Decoded) -> Decoded:
        short = {
            str(recording.path): f"{recording.path}: has {length} samples at {self.sample_rate} Hz; expected at least "
            f"{self.min_samples} (min_seconds: one window by default, 0 pads all with silence)"
            for recording, length in zip(self.recordings, sounds.lengths.tolist(), strict=True)
            if 0 < length < self.min_samples
        }
        lengths = np.where(sounds.lengths < self.min_samples, 0, sounds.lengths)
        return replace(sounds, lengths=lengths, skipped={**sounds.skipped, **short})

    @property
    def skipped(self) -> dict[str, str]:
        return {**self.sounds.skipped, **super().skipped}

    def paths(self, split: Split) -> list[Path]:
        """Returns the files that a split's samples are read from, in their order."""
        return [self.recordings[i].path for i in self._chosen(split)]

    def _chosen(self, split: Split) -> list[int]:
        return [i for i, r in enumerate(self.recordings) if r.split == split and self.sounds.lengths[i] > 0]

    def source(self, split: Split) -> Clips:
        index = torch.tensor(self._chosen(split), dtype=torch.int64)
        labels = {task: self._labels[task][index] for task in self.tasks}
        return Clips(self.sounds, index, labels, self.keep_samples)
