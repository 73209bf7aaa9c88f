"""Superimposed features: an image is a base and an overlay, each with a label of its own."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from viewlearn.bounds import Checked
from viewlearn.data import ArrayDataset, Dataset, Split
from vision.superimposed.planes import NUM_OVERLAY_PLANES, composite

CHUNK = 4096  # images composited at a time; bounds the intermediate memory


class Overlay(Checked, ABC):
    """What is superimposed on images: one of ``classes`` on each, which are the labels of ``task``.

    Image i's overlay is a pure function of (seed, split, i).
    """

    task: str
    classes: tuple[str, ...]

    @abstractmethod
    def render(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        """Makes the overlays of some images of a split.

        Args:
            split: Test overlays are made of glyphs that aren't in train, if there are several glyphs of a class.
            index: ``(n,)`` positions of the images in the split's source.
            size: Height and width of the images in pixels.
            seed: Seed of the random draws.

        Returns:
            ``(n, 4, height, width)`` uint8, red, green, blue and opacity (not premultiplied); ``(n,)`` int64 labels.
        """


def superimpose(
    dataset: Dataset, overlay: Overlay, split: Split, index: np.ndarray, seed: int = 0, planes: bool = False
) -> Dataset:
    """Superimposes an overlay on a data set's images, and puts the overlay's labels beside their own.

    Args:
        dataset: uint8 images. A data set in memory gives one in memory; of others, each image is composed as it is
            read.
        overlay: What to superimpose.
        split: Split whose glyphs are used.
        index: ``(len(dataset),)`` position of each image in its source, for which its overlay is drawn.
        seed: Seed of the draws.
        planes: Whether to keep base and overlay apart, see ``composite``.

    Raises:
        ValueError: The data set already has a task of the overlay's name.
    """
    first, labels = dataset[0]
    if overlay.task in labels:
        raise ValueError(f"the images have a task {overlay.task!r} already, so the overlay's labels need another name")
    if not isinstance(dataset, ArrayDataset):
        return _Superimposed(dataset, overlay, split, index, seed, planes)
    channels, height, width = first.shape
    x = torch.empty(len(dataset), channels + NUM_OVERLAY_PLANES * planes, height, width, dtype=torch.uint8)
    overlay_labels = torch.empty(len(dataset), dtype=torch.int64)
    for start in range(0, len(dataset), CHUNK):
        part = slice(start, start + CHUNK)
        rendered, overlay_labels[part] = overlay.render(split, index[part], (height, width), seed)
        both = torch.cat([dataset.x[part], rendered], dim=1)
        x[part] = both if planes else composite(both)
    return ArrayDataset(x, {**dataset.labels, overlay.task: overlay_labels})


class _Superimposed:
    """Composes each image as it is read."""

    def __init__(self, dataset: Dataset, overlay: Overlay, split: Split, index: np.ndarray, seed: int, planes: bool):
        self.dataset, self.overlay, self.split = dataset, overlay, split
        self.index, self.seed, self.planes = index, seed, planes

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        base, labels = self.dataset[index]
        _, height, width = base.shape
        position = self.index[index : index + 1]
        rendered, overlay_label = self.overlay.render(self.split, position, (height, width), self.seed)
        both = torch.cat([base, rendered[0]])
        return (both if self.planes else composite(both)), {**labels, self.overlay.task: int(overlay_label)}
