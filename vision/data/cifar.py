"""CIFAR-10 and CIFAR-100."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from viewlearn.bounds import Count, FractionBelowOne, Seed
from viewlearn.data import ArrayDataset, Split, Unreadable
from vision.data.files import Files, find_images, read_files
from vision.data.image_data import ImageData, Source, hold_out
from vision.superimposed import Overlay

if TYPE_CHECKING:
    from torchvision import datasets

Part = Literal["train", "test"]
SIZE = 32  # side of the images in pixels


class CIFAR10(ImageData):
    """CIFAR-10, 32×32, task ``object`` (10): 50,000 training images less those held out, 10,000 test images.

    Args:
        root: A folder ``{train,test}/CLASS/*.jpg`` (or another format), or the root of torchvision's CIFAR10, whose
            files are checked against their published sums before they are unpickled.
        overlay: What is superimposed on the images: Digits, Letters, Shapes or a class of your own; nothing by
            default.
        overlay_seed: Seed of which image gets which overlay.
        planes: Whether samples keep base and overlay apart, for the oracle ``RedrawOverlay``.
        validation_fraction: Fraction of the training images that is held out, in [0, 1).
        limit: Number of training images to keep, chosen at random but always the same; all by default.
        download: Whether torchvision may fetch its files into ``root`` if they aren't there.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning.

    Raises:
        ValueError: A root that holds neither, images that can't be read, or a fraction or limit that leaves no images.
    """

    def __init__(
        self,
        root: str,
        overlay: Overlay | None = None,
        overlay_seed: Seed = 0,
        planes: bool = False,
        validation_fraction: FractionBelowOne = 0.1,
        limit: Count | None = None,
        download: bool = False,
        unreadable: Unreadable = "stop",
    ):
        super().__init__(overlay, overlay_seed, planes)
        self.root = Path(root)
        self.validation_fraction, self.limit = validation_fraction, limit
        self.download, self.unreadable = download, unreadable
        self._in_folders = (self.root / "train").is_dir()
        if not (self._in_folders or download or (self.root / self.published().base_folder).is_dir()):
            raise ValueError(
                f"no {type(self).__name__} in {str(self.root)!r}: expected {{train,test}}/CLASS/* or "
                f"{self.published().base_folder}/, or allow download"
            )

    @staticmethod
    def published() -> "type[datasets.CIFAR10]":
        """The class that reads the published files."""
        from torchvision import datasets  # here, so that other data don't load torchvision

        return datasets.CIFAR10

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        classes = self._files["train"].classes if self._in_folders else self._batches["train"].classes
        return {"object": tuple(classes)}

    def source(self, split: Split) -> Source:
        part: Part = "test" if split == "test" else "train"
        if self._in_folders:
            files = self._files[part]
            index = self._chosen(split, len(files))
            read = read_files(files.take(index), SIZE, "object", unreadable=self.unreadable)
            return Source(read.dataset, index[read.kept], read.skipped)
        batches = self._batches[part]
        index = self._chosen(split, len(batches.data))
        images = torch.from_numpy(batches.data[index]).permute(0, 3, 1, 2).contiguous()
        labels = torch.tensor(batches.targets)[index]
        return Source(ArrayDataset(images, {"object": labels}, self.tasks), index)

    def _chosen(self, split: Split, num_images: int) -> np.ndarray:
        """Positions of a split's images among the published training or test images."""
        if split == "test":
            return np.arange(num_images)
        return hold_out(num_images, round(self.validation_fraction * num_images), self.limit)[split]

    @cached_property
    def _files(self) -> dict[Part, Files]:
        train = find_images(self.root / "train")
        if not train.classes:
            raise ValueError(f"no class folders in {str(self.root / 'train')!r}, only images")
        return {"train": train, "test": find_images(self.root / "test", train.classes)}

    @cached_property
    def _batches(self) -> "dict[Part, datasets.CIFAR10]":
        """The published pickles, read by torchvision."""
        return {
            "train": self.published()(str(self.root), train=True, download=self.download),
            "test": self.published()(str(self.root), train=False, download=self.download),
        }


class CIFAR100(CIFAR10):
    """CIFAR-100, 32×32, task ``object`` (100). Arguments and errors are those of ``CIFAR10``."""

    @staticmethod
    def published() -> "type[datasets.CIFAR100]":
        from torchvision import datasets

        return datasets.CIFAR100
