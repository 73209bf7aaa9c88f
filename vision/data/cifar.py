"""CIFAR-10 and CIFAR-100."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torchvision import datasets

from viewlearn.data import ArrayDataset, Split
from vision.data.files import Files, array_dataset, find_images
from vision.data.image_data import ImageData, Source, hold_out
from vision.superimposed import Overlay


class CIFAR10(ImageData):
    """CIFAR-10, 32×32, task ``object`` (10): 50,000 training images less those held out, 10,000 test images.

    Args:
        root: a folder ``{train,test}/CLASS/*.jpg`` (or .png), or the root of torchvision's CIFAR10, the files of
            which are checked against their published sums before they are unpickled.
        overlay: what is drawn over the images: Digits, Letters, Shapes or a class of one's own; nothing by default.
        overlay_seed: of which image gets which overlay.
        layers: store base and overlay apart, for the oracle ``RedrawOverlay``.
        validation: training images held out.
        limit: training images to keep, chosen at random but always the same; all by default.
        download: fetch torchvision's files into ``root`` if they aren't there.
        skip_unreadable: leave out images that can't be read, with a warning, instead of stopping.

    Raises:
        ValueError: a root that holds neither, images that can't be read, or numbers that aren't to be had.
    """

    published: ClassVar[type[datasets.CIFAR10]] = datasets.CIFAR10

    def __init__(
        self,
        root: str,
        overlay: Overlay | None = None,
        overlay_seed: int = 0,
        layers: bool = False,
        validation: int = 5000,
        limit: int | None = None,
        download: bool = False,
        skip_unreadable: bool = False,
    ):
        super().__init__(overlay, overlay_seed, layers)
        self.root = Path(root)
        self.validation, self.limit = validation, limit
        self.download, self.skip_unreadable = download, skip_unreadable
        self._in_folders = (self.root / "train").is_dir()
        if not (self._in_folders or download or (self.root / self.published.base_folder).is_dir()):
            raise ValueError(
                f"no {type(self).__name__} in {str(self.root)!r}: expected {{train,test}}/CLASS/* or "
                f"{self.published.base_folder}/, or allow download"
            )

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"object": tuple(self._sources["train"].classes)}

    def source(self, split: Split) -> Source:
        source = self._sources["test" if split == "test" else "train"]
        index = np.arange(len(source.paths if self._in_folders else source.data))
        if split != "test":
            index = hold_out(len(index), self.validation, self.limit)[split].numpy()
        if self._in_folders:
            dataset, kept = array_dataset(source.take(index), 32, "object", self.skip_unreadable)
            return Source(dataset, index[kept])
        images = torch.from_numpy(source.data[index]).permute(0, 3, 1, 2).contiguous()
        return Source(ArrayDataset(images, {"object": np.array(source.targets)[index]}, self.tasks), index)

    @cached_property
    def _sources(self) -> dict[str, Files | datasets.CIFAR10]:
        """Train and test: lists of files, or what torchvision reads."""
        if not self._in_folders:
            return {
                part: self.published(str(self.root), train=part == "train", download=self.download)
                for part in ("train", "test")
            }
        train = find_images(self.root / "train")
        if not train.classes:
            raise ValueError(f"no class folders in {str(self.root / 'train')!r}, only images")
        return {"train": train, "test": find_images(self.root / "test", train.classes)}


class CIFAR100(CIFAR10):
    """CIFAR-100, 32×32, task ``object`` (100). Arguments and errors are those of ``CIFAR10``."""

    published = datasets.CIFAR100
