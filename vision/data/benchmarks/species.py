"""Fine-grained benchmarks: iNaturalist, Caltech-UCSD Birds 200 and Oxford's 102 flowers."""

import json
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.io import loadmat
from torchvision import datasets

from viewlearn.bounds import FractionBelowOne, Gigabytes, Pixels
from viewlearn.data import Split, Unreadable
from vision.data.benchmarks.benchmark import BenchmarkData, require
from vision.data.files import MEMORY_GB, Files

SETS = {"train": "trnid", "validation": "valid", "test": "tstid"}  # Flowers-102's names of the splits


class INaturalist(BenchmarkData):
    """iNaturalist's competition data: images whose species are listed in JSON files.

    Test images are those of the published validation file, as the published test set has no labels. The version of
    2019 has 1,010 species and is LooC's "iNat-1k".

    Args:
        root: The folder with the JSON files and, relative to it, the images that they name.
        version: Year of the competition.
        size: Side of the images in pixels.
        validation_fraction: Fraction of the training images that is held out, in [0, 1).
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads files each time.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning.

    Raises:
        ValueError: As ``BenchmarkData``.
    """

    def __init__(
        self,
        root: str,
        version: Literal["2017", "2018", "2019", "2021"] = "2019",
        size: Pixels = 224,
        validation_fraction: FractionBelowOne = 0.02,
        memory_gb: Gigabytes = MEMORY_GB,
        unreadable: Unreadable = "stop",
    ):
        super().__init__(root, size, validation_fraction, memory_gb, unreadable)
        year = "" if version == "2021" else version
        self.lists = {"train": f"train{year}.json", "test": f"val{year}.json"}
        self.layout = (
            f"    {self.lists['train']}, {self.lists['test']}\n    the images that they name, such as train_val/…"
        )

    @cached_property
    def _train_list(self) -> dict:
        return self._read_list("train")

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for _, name in sorted((c["id"], str(c["name"])) for c in self._train_list["categories"]))

    def files(self, split: Split) -> Files | None:
        if split == "validation":
            return None
        content = self._train_list if split == "train" else self._read_list("test")
        # Category numbers needn't be contiguous; labels are their ranks.
        label_of = {number: i for i, number in enumerate(sorted(c["id"] for c in self._train_list["categories"]))}
        category = {entry["image_id"]: entry["category_id"] for entry in content["annotations"]}
        images = sorted(content["images"], key=lambda image: image["id"])
        paths = tuple(self.root / image["file_name"] for image in images)
        return Files(paths, tuple(label_of[category[image["id"]]] for image in images), self.classes)

    def _read_list(self, split: Literal["train", "test"]) -> dict:
        path = require(self.root / self.lists[split], self.root, self.layout)
        return json.loads(path.read_text(encoding="utf-8"))


class CUB200(BenchmarkData):
    """Caltech-UCSD Birds 200 (2011): 5,994 training and 5,793 test images of 200 birds.

    Args:
        root: The unpacked archive, ``CUB_200_2011``.
        size: Side of the images in pixels.
        validation_fraction: Fraction of the training images that is held out, in [0, 1).
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads files each time.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning.

    Raises:
        ValueError: As ``BenchmarkData``.
    """

    layout = "    classes.txt, images.txt, image_class_labels.txt, train_test_split.txt\n    images/CLASS/*.jpg"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(self._table("classes.txt").values())

    def files(self, split: Split) -> Files | None:
        if split == "validation":
            return None
        paths, in_train = self._table("images.txt"), self._table("train_test_split.txt")
        labels = self._table("image_class_labels.txt")
        chosen = [number for number in paths if (in_train[number] == "1") == (split == "train")]
        found = tuple(self.root / "images" / paths[number] for number in chosen)
        return Files(found, tuple(int(labels[number]) - 1 for number in chosen), self.classes)

    def _table(self, name: str) -> dict[int, str]:
        """Reads a text file of two columns, in the order of the numbers in the first one."""
        lines = require(self.root / name, self.root, self.layout).read_text(encoding="utf-8").splitlines()
        pairs = (line.split(maxsplit=1) for line in lines if line.strip())
        return dict(sorted((int(number), value.strip()) for number, value in pairs))


class Flowers102(BenchmarkData):
    """Oxford's 102 flowers: 10 training, 10 validation and 20 to 238 test images of each.

    Args:
        root: The folder ``flowers-102`` as torchvision downloads it.
        size: Side of the images in pixels.
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads files each time.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning.

    Raises:
        ValueError: As ``BenchmarkData``.
    """

    layout = "    imagelabels.mat, setid.mat\n    jpg/image_00001.jpg, …"

    def __init__(
        self, root: str, size: Pixels = 224, memory_gb: Gigabytes = MEMORY_GB, unreadable: Unreadable = "stop"
    ):
        super().__init__(root, size, memory_gb=memory_gb, unreadable=unreadable)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(datasets.Flowers102.classes)

    def files(self, split: Split) -> Files:
        numbers = np.sort(self._matrix("setid.mat", SETS[split]))
        labels = self._matrix("imagelabels.mat", "labels")[numbers - 1] - 1
        paths = tuple(self.root / "jpg" / f"image_{number:05d}.jpg" for number in numbers)
        return Files(paths, tuple(labels.tolist()), self.classes)

    def _matrix(self, name: str, key: str) -> np.ndarray:
        return loadmat(require(self.root / name, self.root, self.layout), squeeze_me=False)[key].ravel().astype(int)
