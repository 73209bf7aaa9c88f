"""Superimposed features: an image is a base and a layer over it, each of which carries a label of its own."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Dataset, Split
from vision.superimposed.layers import composite

CHUNK = 4096  # images composited at a time; bounds the intermediate memory


class Overlay(ABC):
    """What is drawn over images, one class of ``classes`` each, as the labels of ``task``.

    Image i's layer is a pure function of (seed, split, i).
    """

    task: str
    classes: tuple[str, ...]

    @abstractmethod
    def draw(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        """The layers of the images ``index`` of a split.

        Args:
            split: test layers are made of glyphs that aren't in train, where glyphs are many.
            index: ``(n,)`` positions in the split's source.
            size: (height, width) of the images.
            seed: of the random draws.

        Returns:
            ``(n, 4, height, width)`` uint8, red, green, blue and opacity (not premultiplied); ``(n,)`` int64 labels.
        """


def superimpose(
    dataset: Dataset, overlay: Overlay, split: Split, index: np.ndarray, seed: int = 0, layers: bool = False
) -> Dataset:
    """A data set with ``overlay`` drawn over its images, and the overlay's labels beside its own.

    Args:
        dataset: uint8 images; one in memory stays there, another is drawn over as it is read.
        overlay: what to draw.
        split: whose glyphs to use.
        index: ``(len(dataset),)`` the position in its source that each image's draw belongs to.
        seed: of the draws.
        layers: keep base and layer apart, see ``composite``.

    Raises:
        ValueError: the data set has a task of the overlay's name already.
    """
    first, labels = dataset[0]
    if overlay.task in labels:
        raise ValueError(f"the images have a task {overlay.task!r} already, so the overlay's labels need another name")
    if not isinstance(dataset, ArrayDataset):
        return _Superimposed(dataset, overlay, split, index, seed, layers)
    channels, *size = first.shape
    x = torch.empty(len(dataset), channels + 4 * layers, *size, dtype=torch.uint8)
    drawn = torch.empty(len(dataset), dtype=torch.int64)
    for start in range(0, len(dataset), CHUNK):
        part = slice(start, start + CHUNK)
        layer, drawn[part] = overlay.draw(split, index[part], tuple(size), seed)
        layered = torch.cat([dataset.x[part], layer], dim=1)
        x[part] = layered if layers else composite(layered)
    return ArrayDataset(x, {**dataset.labels, overlay.task: drawn})


class _Superimposed:
    """Draws over each image as it is read."""

    def __init__(self, dataset: Dataset, overlay: Overlay, split: Split, index: np.ndarray, seed: int, layers: bool):
        self.dataset, self.overlay, self.split = dataset, overlay, split
        self.index, self.seed, self.layers = index, seed, layers

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i: int) -> tuple[Tensor, dict[str, int]]:
        base, labels = self.dataset[i]
        layer, drawn = self.overlay.draw(self.split, self.index[i : i + 1], tuple(base.shape[1:]), self.seed)
        layered = torch.cat([base, layer[0]])
        return (layered if self.layers else composite(layered)), {**labels, self.overlay.task: int(drawn)}
