"""STL-10: few labeled images, and many without labels to pre-train on."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from viewlearn.bounds import Bounds, Count, FractionBelowOne, Seed
from viewlearn.data import ArrayDataset, Dataset, Split
from vision.data.image_data import ImageData, Source, hold_out
from vision.superimposed import Overlay

CHUNK = 4096  # images resized at a time; bounds the intermediate memory
NUM_LABELED = 5000  # training images


class STL10(ImageData):
    """STL-10, task ``object`` (10): 5,000 labeled training images less those held out, 8,000 test images.

    Pre-training reads the 100,000 unlabeled images (``pretraining``), and probes read the labeled ones.

    Args:
        root: The root of torchvision's STL10.
        size: Side of the images in pixels, at most the 96 that are stored.
        overlay: What is superimposed on the images: Digits, Letters, Shapes or a class of your own; nothing by
            default.
        overlay_seed: Seed of which image gets which overlay.
        planes: Whether samples keep base and overlay apart, for the oracle ``RedrawOverlay``.
        validation_fraction: Fraction of the labeled training images that is held out, in [0, 1).
        pretrain: Which images to pre-train on.
        limit: Number of unlabeled images to pre-train on, the first ones; all by default.
        download: Whether torchvision may fetch its files into ``root`` if they aren't there.

    Raises:
        ValueError: A root that doesn't hold STL-10, a size outside 1 … 96, an unknown ``pretrain``, or a fraction or
            limit that leaves no images.
    """

    def __init__(
        self,
        root: str,
        size: Annotated[int, Bounds(1, 96)] = 96,
        overlay: Overlay | None = None,
        overlay_seed: Seed = 0,
        planes: bool = False,
        validation_fraction: FractionBelowOne = 0.1,
        pretrain: Literal["unlabeled", "train"] = "unlabeled",
        limit: Count | None = None,
        download: bool = False,
    ):
        super().__init__(overlay, overlay_seed, planes)
        from torchvision import datasets  # here and below, so that other data don't load torchvision

        if not download and not (Path(root) / datasets.STL10.base_folder).is_dir():
            raise ValueError(f"no STL-10 in {root!r}: expected {datasets.STL10.base_folder}/, or allow download")
        self.root, self.size, self.validation_fraction = root, size, validation_fraction
        self.pretrain, self.limit, self.download = pretrain, limit, download

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"object": ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")}

    def pretraining(self) -> Dataset:
        if self.pretrain == "train":
            return self.split("train")
        return self._cached("unlabeled", self._unlabeled, "train")

    def source(self, split: Split) -> Source:
        from torchvision import datasets

        published = datasets.STL10(self.root, "test" if split == "test" else "train", download=self.download)
        index = np.arange(len(published.data))
        if split != "test":
            index = hold_out(len(index), round(self.validation_fraction * len(index)))[split]
        images = _resized(published.data[index], self.size)
        labels = torch.tensor(np.asarray(published.labels)[index])
        return Source(ArrayDataset(images, {"object": labels}, self.tasks), index)

    def _unlabeled(self) -> Source:
        from torchvision import datasets

        images = datasets.STL10(self.root, "unlabeled", download=self.download).data
        if self.limit is not None and not 0 < self.limit <= len(images):
            raise ValueError(f"limit is {self.limit}; it must be in 1 … {len(images)}, the unlabeled images")
        images = images[: self.limit]
        # Overlays are drawn by index: these lie behind the labeled images', so that none of those occurs again.
        return Source(ArrayDataset(_resized(images, self.size)), NUM_LABELED + np.arange(len(images)))


def _resized(images: np.ndarray, size: int) -> Tensor:
    """``(n, 3, 96, 96)`` uint8 as ``(n, 3, size, size)``."""
    stored = torch.from_numpy(images)
    if stored.shape[-1] == size:
        return stored
    resized = torch.empty(len(stored), 3, size, size, dtype=torch.uint8)
    for start in range(0, len(stored), CHUNK):
        part = slice(start, start + CHUNK)
        resized[part] = F.interpolate(stored[part], (size, size), mode="bilinear", antialias=True)
    return resized
