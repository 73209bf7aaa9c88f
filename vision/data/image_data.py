"""What all image data share: splits that are read once, an overlay on demand, and measured statistics."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from viewlearn.bounds import Seed
from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, NoSplit, Split, Unreadable, order
from viewlearn.views import Identity, View
from vision.superimposed import Composite, Overlay, composite, superimpose

CHUNK = 4096  # images whose statistics are summed at a time; bounds the intermediate memory
NUM_MEASURED = 4096  # images that statistics are measured on, of a data set that is read from files


class Source(NamedTuple):
    """A split without its overlay.

    Args:
        dataset: uint8 images and their labels.
        index: ``(len(dataset),)`` position of each image in what it was taken from. Overlays are drawn for these, so
            that a subset has the overlays of the whole.
        skipped: Path of each image that couldn't be read and was skipped, and the reason.
    """

    dataset: Dataset
    index: np.ndarray
    skipped: Mapping[str, str] = MappingProxyType({})


class ImageData(Data):
    """Image data; a subclass has ``tasks`` and reads a split's images in ``source``.

    Args:
        overlay: What is superimposed on the images: Digits, Letters, Shapes or a class of your own; nothing by
            default.
        overlay_seed: Seed of which image gets which overlay.
        planes: Whether samples keep base and overlay apart, for the oracle ``RedrawOverlay``; the front end puts them
            together.

    Raises:
        ValueError: ``planes`` without an overlay.
    """

    splits: tuple[Split, ...] = ("train", "validation", "test")
    unreadable: Unreadable = "stop"

    def __init__(self, overlay: Overlay | None = None, overlay_seed: Seed = 0, planes: bool = False):
        if planes and overlay is None:
            raise ValueError("planes is True, but there is no overlay to keep apart; give one, such as Digits")
        self.overlay, self.overlay_seed, self.planes = overlay, overlay_seed, planes
        self._datasets: dict[str, Dataset] = {}
        self._skipped: dict[str, str] = {}

    @property
    @abstractmethod
    def tasks(self) -> dict[str, tuple[str, ...]]:
        """Class names of the images' own tasks; empty for unlabeled images."""

    @abstractmethod
    def source(self, split: Split) -> Source:
        """Reads one of ``splits``, without the overlay."""

    def split(self, name: Split) -> Dataset:
        if name not in self.splits:
            raise NoSplit(f"{type(self).__name__} has no split {name!r}; there are: {', '.join(self.splits)}")
        return self._cached(name, lambda: self.source(name), name)

    def _cached(self, name: str, source: Callable[[], Source], glyphs: Split) -> Dataset:
        """What ``source`` reads under the overlay with the glyphs of a split, made once and kept under ``name``."""
        if name not in self._datasets:
            dataset, index, skipped = source()
            self._skipped |= skipped
            if self.overlay is not None:
                dataset = superimpose(dataset, self.overlay, glyphs, index, self.overlay_seed, self.planes)
            self._datasets[name] = dataset
        return self._datasets[name]

    @property
    def skipped(self) -> dict[str, str]:
        """Path of each image that couldn't be read and was skipped, and the reason; reads every split to know."""
        if self.unreadable == "skip":
            for name in self.splits:
                with suppress(NoSplit):  # of which nothing is held out
                    self.split(name)
        return dict(self._skipped)

    @cached_property
    def spec(self) -> DataSpec:
        train = self.pretraining()
        overlay = {} if self.overlay is None else {self.overlay.task: self.overlay.classes}
        channels, *size = train[0][0].shape
        channels -= 4 * self.planes
        mean, std = channel_statistics(train, self.planes)
        return DataSpec(
            (channels, *size), {**self.tasks, **overlay}, mean, std, num_train=len(train), value_range=(0.0, 1.0)
        )

    @property
    def front_end(self) -> View:
        return Composite(self.spec.shape[0]) if self.planes else Identity()

    def overlay_opacity(self, x: Tensor) -> Tensor | None:
        return self.decode(x)[:, -1] if self.planes else None


def channel_statistics(dataset: Dataset, planes: bool = False) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over pixels and images, in [0, 1].

    Measured on all images in memory, and on 4,096 evenly spaced ones of a data set that is read from files.
    """
    chunks: Iterable[Tensor]
    if isinstance(dataset, ArrayDataset):
        chunks = dataset.x.split(CHUNK)
    else:
        chosen = np.unique(np.linspace(0, len(dataset) - 1, NUM_MEASURED).round().astype(int))
        chunks = (dataset[int(i)][0][None] for i in chosen)
    total = square = torch.zeros(1, dtype=torch.float64)
    pixels = 0
    for chunk in chunks:
        x = (composite(chunk) if planes else chunk).flatten(2).int()
        total = total + x.sum((0, 2), dtype=torch.float64) / 255
        square = square + (x * x).sum((0, 2), dtype=torch.float64) / 255**2
        pixels += x.shape[0] * x.shape[2]
    mean = total / pixels
    std = (square / pixels - mean**2).clamp_min(0).sqrt()
    return tuple(mean.tolist()), tuple(std.tolist())


def float_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 images ``(num, channel, height, width)``, in [0, 1].

    These are float32 sums, with Bessel's correction in the standard deviation; ``channel_statistics`` sums integers in
    float64 without it. The last digits differ, and the published runs over scenes and video normalize by these.
    """
    x = images.float() / 255
    return tuple(x.mean(dim=(0, 2, 3)).tolist()), tuple(x.std(dim=(0, 2, 3)).tolist())


def hold_out(num_samples: int, num_held_out: int, limit: int | None = None) -> dict[Split, np.ndarray]:
    """Divides samples 0 … num_samples − 1 into train and validation, at random but always alike.

    Args:
        num_samples: Number of samples.
        num_held_out: Number of samples for validation.
        limit: Number of the other samples to keep; None keeps all.

    Returns:
        ``{"train": index, "validation": index}``, each ascending.

    Raises:
        ValueError: Nothing is left to train on, or fewer samples than ``limit``.
    """
    if not 0 <= num_held_out < num_samples:
        raise ValueError(f"holding out {num_held_out} of {num_samples} images leaves none to train on")
    left = num_samples - num_held_out
    if limit is not None and not 0 < limit <= left:
        raise ValueError(f"limit is {limit}; it must be in 1 … {left}, the training images that aren't held out")
    shuffled = order(0, 0, num_samples).numpy()
    return {"validation": np.sort(shuffled[:num_held_out]), "train": np.sort(shuffled[num_held_out:][:limit])}
