"""What all image data have in common: splits that are read once, an overlay on demand, and measured statistics."""

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, Split, order
from viewlearn.views import Identity, View
from vision.superimposed import Composite, Overlay, composite, superimpose

CHUNK = 4096
MEASURED = 4096  # images that statistics are measured on, where images are read from files each time


class Source(NamedTuple):
    """A split before anything is drawn over it.

    Args:
        dataset: uint8 images and their labels.
        index: ``(len(dataset),)`` each image's position in what it was taken from; overlays are drawn by it, so that
            a subset has the overlays of the whole.
    """

    dataset: Dataset
    index: np.ndarray


class ImageData(Data):
    """Image data; a subclass tells its ``tasks`` and reads a split's images with ``source``.

    Args:
        overlay: what is drawn over the images: Digits, Letters, Shapes or a class of one's own; nothing by default.
        overlay_seed: of which image gets which overlay.
        layers: store base and overlay apart, for the oracle ``RedrawOverlay``; the front end puts them together.

    Raises:
        ValueError: ``layers`` without an overlay.
    """

    splits: tuple[Split, ...] = ("train", "validation", "test")

    def __init__(self, overlay: Overlay | None = None, overlay_seed: int = 0, layers: bool = False):
        if layers and overlay is None:
            raise ValueError("layers is True, but there is no overlay to keep apart; give one, such as Digits")
        self.overlay, self.overlay_seed, self.layers = overlay, overlay_seed, layers
        self._drawn: dict[str, Dataset] = {}

    @property
    @abstractmethod
    def tasks(self) -> dict[str, tuple[str, ...]]:
        """Class names of the images' own tasks; empty for unlabeled images."""

    @abstractmethod
    def source(self, split: Split) -> Source:
        """Reads one of ``splits``, without the overlay."""

    def split(self, name: Split) -> Dataset:
        if name not in self.splits:
            raise ValueError(f"{type(self).__name__} has no split {name!r}; there are: {', '.join(self.splits)}")
        return self._cached(name, lambda: self.source(name), name)

    def _cached(self, name: str, source: Callable[[], Source], glyphs: Split) -> Dataset:
        """What ``source`` reads, under the overlay with the glyphs of a split, made once and kept under ``name``."""
        if name not in self._drawn:
            dataset, index = source()
            if self.overlay is not None:
                dataset = superimpose(dataset, self.overlay, glyphs, index, self.overlay_seed, self.layers)
            self._drawn[name] = dataset
        return self._drawn[name]

    @cached_property
    def spec(self) -> DataSpec:
        train = self.pretraining()
        overlay = {} if self.overlay is None else {self.overlay.task: self.overlay.classes}
        channels, *size = train[0][0].shape
        channels -= 4 * self.layers
        mean, std = channel_statistics(train, self.layers)
        return DataSpec(
            (channels, *size), {**self.tasks, **overlay}, mean, std, num_train=len(train), value_range=(0.0, 1.0)
        )

    @property
    def front_end(self) -> View:
        return Composite(self.spec.shape[0]) if self.layers else Identity()


def channel_statistics(dataset: Dataset, layers: bool = False) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over pixels and images, in [0, 1].

    Measured on all images in memory, and on 4,096 evenly spaced ones of a data set that is read from files.
    """
    if isinstance(dataset, ArrayDataset):
        chunks = dataset.x.split(CHUNK)
    else:
        chosen = np.unique(np.linspace(0, len(dataset) - 1, MEASURED).round().astype(int))
        chunks = (dataset[int(i)][0][None] for i in chosen)
    total = square = torch.zeros(1, dtype=torch.float64)
    pixels = 0
    for chunk in chunks:
        x = (composite(chunk) if layers else chunk).flatten(2).int()
        total = total + x.sum((0, 2), dtype=torch.float64) / 255
        square = square + (x * x).sum((0, 2), dtype=torch.float64) / 255**2
        pixels += x.shape[0] * x.shape[2]
    mean = total / pixels
    std = (square / pixels - mean**2).clamp_min(0).sqrt()
    return tuple(mean.tolist()), tuple(std.tolist())


def hold_out(num_samples: int, validation: int, limit: int | None) -> dict[str, Tensor]:
    """Divides a training set's samples 0 … num_samples − 1 into train and validation, at random but always alike.

    Args:
        num_samples: of the training set.
        validation: how many are held out.
        limit: how many of the others to keep; None keeps all.

    Returns:
        ``{"train": index, "validation": index}``, each ascending.

    Raises:
        ValueError: numbers that leave nothing to train on, or aren't to be had.
    """
    if not 0 <= validation < num_samples:
        raise ValueError(f"validation is {validation}; of {num_samples} training images 0 … {num_samples - 1} can be")
    left = num_samples - validation
    if limit is not None and not 0 < limit <= left:
        raise ValueError(f"limit is {limit}; it must be in 1 … {left}, the training images besides validation")
    shuffled = order(0, 0, num_samples)
    parts = {"validation": shuffled[:validation], "train": shuffled[validation:][:limit]}
    return {name: index.sort().values for name, index in parts.items()}
