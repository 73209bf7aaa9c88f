"""Recordings on disk as data: decoded once, split, labeled."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from audio.data.cache import Decoded, decoded
from audio.data.catalog import Recording, assign_splits, encode_labels
from audio.data.files import AudioError
from audio.data.sound_data import SoundData
from audio.front_end import center_crop, named_geometry
from viewlearn.data import ArrayDataset, Dataset, Split, in_memory


class Clips:
    """Clips of one length from decoded sounds, ``(1, num_samples)`` int16: their middle, or padded with silence.

    Args:
        sounds: all of them.
        index: which of them are in this data set, ``(num,)``.
        labels: ``{task: (num,) int64}``.
        num_samples: of a clip.
    """

    def __init__(self, sounds: Decoded, index: Tensor, labels: dict[str, Tensor], num_samples: int):
        self.sounds, self.index, self.labels, self.num_samples = sounds, index, labels, num_samples

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        sound = self.sounds[int(self.index[index])]
        labels = {task: int(value[index]) for task, value in self.labels.items()}
        return center_crop(sound[None], self.num_samples), labels

    @property
    def num_bytes(self) -> int:
        """What the clips take in memory."""
        return 2 * len(self) * self.num_samples


class RecordedData(SoundData):
    """Recordings in files: decoded, mixed down and resampled once, into a memory-mapped cache.

    Splits that fit into ``memory_gb`` are kept in memory, from where they can move to an accelerator whole. A task by
    which the splits are disjoint is left out of the tasks: no classifier can name a speaker that it never heard.

    Args:
        recordings: the files with their labels and splits.
        disjoint: task whose classes (speakers, say) are never divided between splits.
        test_fraction: of the recordings (or of the disjoint classes), where the data have no test split of their own.
        validation_fraction: of the training recordings (or disjoint classes) that is held out.
        split_seed: of these choices.
        cache: folder of the decoded audio; ``~/.cache/viewlearn/audio`` by default.
        unreadable: whether a file that can't be read stops the run, or is skipped with a warning and listed in
            ``skipped``.
        min_seconds: a shorter recording can't be read; one window of the spectrogram by default. Shorter ones than a
            clip are padded with silence.
        expected_rate: in Hz; a file of another sample rate can't be read. By default all are resampled.
        expected_channels: a file of another number of channels can't be read. By default all are mixed down.
        memory_gb: largest size of a split that is kept in memory, in gigabytes; larger ones are read from the cache.
        geometry: name of a spectrogram geometry in ``audio.front_end.GEOMETRIES``.
        sample_rate: in Hz, to which all is resampled; the geometry's own by default.
        seconds: length of the clips that the encoder reads; the geometry's own by default.
        keep_seconds: length of the clips that are kept, from which a random crop takes its window.
        mean: of the log-mel values in dB; measured by default.
        std: of the log-mel values in dB; measured by default.

    Raises:
        ValueError: recordings that lack labels which others have, fractions outside [0, 1), what ``SoundData``
            raises; ``AudioError``, a ValueError too, for a file that can't be read.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        disjoint: str | None = None,
        test_fraction: float = 0.2,
        validation_fraction: float = 0.1,
        split_seed: int = 0,
        cache: str | None = None,
        unreadable: Literal["stop", "skip"] = "stop",
        min_seconds: float | None = None,
        expected_rate: int | None = None,
        expected_channels: int | None = None,
        memory_gb: float = 1.0,
        geometry: str = "64x64_1s",
        sample_rate: int | None = None,
        seconds: float | None = None,
        keep_seconds: float | None = None,
        mean: float | None = None,
        std: float | None = None,
    ):
        super().__init__(geometry, sample_rate, seconds, keep_seconds, mean, std)
        self.recordings = assign_splits(recordings, validation_fraction, test_fraction, disjoint, split_seed)
        self.all_tasks, self._labels = encode_labels(self.recordings)
        self.disjoint, self.cache, self.unreadable, self.memory_gb = disjoint, cache, unreadable, memory_gb
        self.expected_rate, self.expected_channels = expected_rate, expected_channels
        self.min_samples = named_geometry(geometry).n_fft
        if min_seconds is not None:
            self.min_samples = round(min_seconds * self.sample_rate)

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {task: classes for task, classes in self.all_tasks.items() if task != self.disjoint}

    @cached_property
    def sounds(self) -> Decoded:
        """All recordings, decoded."""
        paths = [recording.path for recording in self.recordings]
        sounds = decoded(
            paths, self.sample_rate, self.cache, self.unreadable, self.expected_rate, self.expected_channels
        )
        sounds = self._long_enough(sounds)
        if sounds.skipped:
            first = next(iter(sounds.skipped.values()))
            message = f"skipped {len(sounds.skipped)} of {len(paths)} files that can't be read; the first: {first}"
            warnings.warn(message, stacklevel=3)  # past the cached property
        return sounds

    def _long_enough(self, sounds: Decoded) -> Decoded:
        short = {
            str(recording.path): f"{recording.path}: has {length} samples at {self.sample_rate} Hz; expected at least "
            f"{self.min_samples} (min_seconds: one window by default, 0 pads all with silence)"
            for recording, length in zip(self.recordings, sounds.lengths.tolist(), strict=True)
            if 0 < length < self.min_samples
        }
        if short and self.unreadable == "stop":
            raise AudioError(next(iter(short.values())))
        lengths = np.where(sounds.lengths < self.min_samples, 0, sounds.lengths)
        if not lengths.any():
            raise AudioError(f"none of {len(lengths)} files is long enough; the first: {next(iter(short.values()))}")
        return replace(sounds, lengths=lengths, skipped={**sounds.skipped, **short})

    @property
    def skipped(self) -> dict[str, str]:
        """Path and reason of each file that was skipped."""
        return self.sounds.skipped

    def split(self, name: Split) -> Dataset:
        if name not in ("train", "validation", "test"):
            raise ValueError(f"no split {name!r}; there are train, validation and test")
        return self._splits[name]

    @cached_property
    def _splits(self) -> dict[str, Dataset]:
        return {name: self._split(name) for name in ("train", "validation", "test")}

    def _split(self, name: Split) -> Dataset:
        chosen = [i for i, r in enumerate(self.recordings) if r.split == name and self.sounds.lengths[i] > 0]
        index = torch.tensor(chosen, dtype=torch.int64)
        labels = {task: self._labels[task][index] for task in self.tasks}
        clips = Clips(self.sounds, index, labels, self.keep_samples)
        if not chosen:
            return ArrayDataset(torch.empty(0, 1, self.keep_samples, dtype=torch.int16), labels)
        return in_memory(clips) if clips.num_bytes <= self.memory_gb * 1e9 else clips
