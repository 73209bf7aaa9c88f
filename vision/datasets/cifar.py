"""CIFAR-10 and CIFAR-100."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from viewlearn.data import ArrayDataset, Split
from vision.datasets.files import Files, find_images, read_all
from vision.datasets.image_data import ImageData, Source, hold_out
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
        if self._in_folders:
            return {"object": self._files["train"].classes}
        return {"object": tuple(self._published(train=True).classes)}

    def source(self, split: Split) -> Source:
        if split == "test":
            images, labels = self._test()
            index = np.arange(len(images))
        else:
            images, labels, parts = self._train
            index = parts[split].numpy()
            images, labels = images[index], labels[index]
        return Source(ArrayDataset(images, {"object": labels}, self.tasks), index)

    @cached_property
    def _files(self) -> dict[str, Files]:
        train = find_images(self.root / "train")
        if not train.classes:
            raise ValueError(f"no class folders in {str(self.root / 'train')!r}, only images")
        return {"train": train, "test": find_images(self.root / "test", train.classes)}

    @cached_property
    def _train(self) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        images, labels = self._read("train") if self._in_folders else _arrays(self._published(train=True))
        return images, labels, hold_out(len(images), self.validation, self.limit)

    def _test(self) -> tuple[Tensor, Tensor]:
        return self._read("test") if self._in_folders else _arrays(self._published(train=False))

    def _read(self, split: str) -> tuple[Tensor, Tensor]:
        files = self._files[split]
        images, kept = read_all(files, 32, self.skip_unreadable)
        return images, files.take(kept).targets("object")["object"]

    def _published(self, train: bool) -> datasets.CIFAR10:
        return self.published(str(self.root), train=train, download=self.download)


class CIFAR100(CIFAR10):
    """CIFAR-100, 32×32, task ``object`` (100). Arguments and errors are those of ``CIFAR10``."""

    published = datasets.CIFAR100


def _arrays(source: datasets.CIFAR10) -> tuple[Tensor, Tensor]:
    images = torch.from_numpy(source.data).permute(0, 3, 1, 2).contiguous()
    return images, torch.tensor(source.targets, dtype=torch.int64)
