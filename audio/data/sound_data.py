"""What all sound data have in common: splits that are read once, an overlay on demand, and a log-mel front end."""

from abc import abstractmethod
from functools import cached_property
from typing import get_args

import torch

from audio.front_end import CenterCrop, LogMel, log_mel_statistics, named_geometry
from audio.superimposed.overlay import Overlay, superimpose
from audio.superimposed.planes import Composite
from viewlearn.bounds import Gigabytes, Positive, SampleRate, Seconds, Seed, Value
from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, NoSplit, Split, in_memory
from viewlearn.views import Compose, View


class SoundData(Data):
    """Sound data; a subclass has ``tasks`` and reads a split's clips in ``source``.

    The front end crops to a clip and makes a z-scored log-mel spectrogram of it. Mean and standard deviation are
    measured on the training split, when first needed and if not given; ``resolved()`` has them, so that a run can
    store what it was trained with.

    Args:
        geometry: Name of a spectrogram geometry in ``audio.front_end.GEOMETRIES``.
        sample_rate: Sample rate in Hz, to which everything is resampled; the geometry's own by default.
        seconds: Length of the clips that the encoder reads; the geometry's own by default.
        keep_seconds: Length of the clips that are kept, from which a random crop takes its window; ``seconds`` by
            default. Longer sounds are cut to their middle, shorter ones padded with silence.
        overlay: What is superimposed on the sounds: Background or a class of your own; nothing by default.
        overlay_seed: Seed of which sound gets which overlay, and of its place and level.
        planes: Whether samples keep base and overlay apart, for the oracle ``RedrawOverlay``; the front end puts them
            together.
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads sounds each time.
        mean: Mean of the log-mel values in dB; measured by default.
        std: Standard deviation of the log-mel values in dB; measured by default.

    Raises:
        ValueError: An unknown geometry, a sample rate or length that isn't positive, keep_seconds below seconds,
            seconds that don't fill half a window, a negative ``memory_gb``, ``planes`` without an overlay, an
            overlay of another sample rate.
    """

    splits: tuple[Split, ...] = get_args(Split)

    def __init__(
        self,
        geometry: str = "64x64_1s",
        sample_rate: SampleRate | None = None,
        seconds: Seconds | None = None,
        keep_seconds: Seconds | None = None,
        overlay: Overlay | None = None,
        overlay_seed: Seed = 0,
        planes: bool = False,
        memory_gb: Gigabytes = 1.0,
        mean: Value | None = None,
        std: Positive | None = None,
    ):
        named = named_geometry(geometry)
        self.geometry = geometry
        self.sample_rate = named.sample_rate if sample_rate is None else sample_rate
        seconds = named.num_samples / named.sample_rate if seconds is None else seconds
        keep_seconds = seconds if keep_seconds is None else keep_seconds
        if seconds > keep_seconds:
            raise ValueError(f"seconds is {seconds}; it must be at most keep_seconds, {keep_seconds}")
        self.num_samples = round(seconds * self.sample_rate)
        self.keep_samples = round(keep_seconds * self.sample_rate)
        if self.num_samples <= named.n_fft // 2:
            raise ValueError(
                f"clips of {seconds} s are {self.num_samples} samples at {self.sample_rate} Hz; the geometry "
                f"{geometry} needs more than {named.n_fft // 2}, half a window"
            )
        if planes and overlay is None:
            raise ValueError("planes is True, but there is no overlay to keep apart; give one, such as Background")
        if overlay is not None and overlay.sample_rate != self.sample_rate:
            raise ValueError(
                f"the sounds have {self.sample_rate} Hz, their overlay {overlay.sample_rate} Hz; give both the same "
                "sample_rate"
            )
        self.overlay, self.overlay_seed, self.planes = overlay, overlay_seed, planes
        self.memory_gb = memory_gb
        self._given = mean, std
        self._datasets: dict[str, Dataset] = {}

    @property
    @abstractmethod
    def tasks(self) -> dict[str, tuple[str, ...]]:
        """Class names of the sounds' own tasks, in label order; empty for unlabeled sounds."""

    @property
    def all_tasks(self) -> dict[str, tuple[str, ...]]:
        """Class names of the sounds' own tasks and of the overlay's."""
        return self.tasks if self.overlay is None else {**self.tasks, **self.overlay.tasks}

    @abstractmethod
    def source(self, split: Split) -> Dataset:
        """Reads the clips ``(1, keep_samples)`` int16 of a split, without the overlay."""

    def split(self, name: Split) -> Dataset:
        if name not in self.splits:
            raise NoSplit(f"{type(self).__name__} has no split {name!r}; there are: {', '.join(self.splits)}")
        if name not in self._datasets:
            dataset = self.source(name)
            if self.overlay is not None:
                dataset = superimpose(dataset, self.overlay, name, self.overlay_seed, self.planes)
            self._datasets[name] = self._kept(dataset)
        return self._datasets[name]

    def _kept(self, dataset: Dataset) -> Dataset:
        """The data set in memory, if it is small enough."""
        shape = (2 if self.planes else 1, self.keep_samples)
        if not len(dataset):
            labels = {task: torch.empty(0, dtype=torch.int64) for task in self.all_tasks}
            return ArrayDataset(torch.empty(0, *shape, dtype=torch.int16), labels)
        num_bytes = 2 * len(dataset) * shape[0] * shape[1]
        return in_memory(dataset) if num_bytes <= self.memory_gb * 1e9 else dataset

    @cached_property
    def log_mel(self) -> LogMel:
        """The spectrogram part of the front end, z-scored by the statistics of the training split."""
        mean, std = self._given
        if mean is None or std is None:
            plain = named_geometry(self.geometry).log_mel(self.sample_rate)
            measured = log_mel_statistics(self.split("train"), plain, self._to_clip())
            mean, std = (m if given is None else given for m, given in zip(measured, self._given, strict=True))
        return named_geometry(self.geometry).log_mel(self.sample_rate, mean, std)

    @property
    def front_end(self) -> View:
        return Compose(clip=self._to_clip(), log_mel=self.log_mel)

    def _to_clip(self) -> View:
        """From what is kept to the one waveform that the spectrogram is made of."""
        crop = CenterCrop(self.num_samples)
        return Compose(composite=Composite(), crop=crop) if self.planes else crop

    @cached_property
    def spec(self) -> DataSpec:
        front = self.log_mel
        return DataSpec(
            shape=(1, front.n_mels, 1 + self.num_samples // front.hop_length),
            tasks=self.all_tasks,
            mean=(0.0,),
            std=(1.0,),
            num_train=len(self.split("train")),
            sample_rate=self.sample_rate,
            num_samples=self.num_samples,
        )

    def resolved(self) -> dict[str, object]:
        """Constructor arguments that were measured: given these, the same front end comes without measuring."""
        return {"mean": self.log_mel.mean, "std": self.log_mel.std}

    @property
    def skipped(self) -> dict[str, str]:
        """Path and reason of each file that was skipped, the overlay's included."""
        return {} if self.overlay is None else self.overlay.skipped
