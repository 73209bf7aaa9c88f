"""Any folder of images."""

from functools import cached_property
from pathlib import Path

import numpy as np

from viewlearn.bounds import FractionBelowOne, Gigabytes, Pixels, Seed
from viewlearn.data import NoSplit, Split, Unreadable
from vision.data.files import MEMORY_GB, Files, find_images, read_files
from vision.data.image_data import ImageData, Source, hold_out
from vision.superimposed import Overlay

SUBFOLDERS: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "val"),
    "test": ("test",),
}


class ImageFolder(ImageData):
    """Any folder of images, with or without class folders, with or without train and test folders.

    ``root`` is one of::

        CLASS/*.jpg                     *.jpg, unlabeled
        {train,test}/CLASS/*.jpg        {train,test}/*.jpg, unlabeled

    and may have ``validation`` (or ``val``, ``valid``) beside ``train``. A validation or test split without a folder
    is held out of the training images, at random but always alike. The shorter side of an image is resized to
    ``size`` and the center is cut out. Unlabeled images have no task but the overlay's.

    Args:
        root: The folder.
        size: Side of the images in pixels.
        overlay: What is superimposed on the images: Digits, Letters, Shapes or a class of your own; nothing by
            default.
        overlay_seed: Seed of which image gets which overlay.
        planes: Whether samples keep base and overlay apart, for the oracle ``RedrawOverlay``.
        validation_fraction: Fraction of the training images that is held out if there is no validation folder.
        test_fraction: Fraction of the training images that is held out if there is no test folder.
        task: Name of the task whose classes are the class folders.
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads files each time, for the worker
            loader.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning. Splits that
            aren't kept in memory are read once at the start to find such files.

    Raises:
        ValueError: A folder that isn't there, an empty one, one of mixed layout, images that can't be read, or
            fractions that leave nothing.
    """

    def __init__(
        self,
        root: str,
        size: Pixels = 64,
        overlay: Overlay | None = None,
        overlay_seed: Seed = 0,
        planes: bool = False,
        validation_fraction: FractionBelowOne = 0.1,
        test_fraction: FractionBelowOne = 0.1,
        task: str = "class",
        memory_gb: Gigabytes = MEMORY_GB,
        unreadable: Unreadable = "stop",
    ):
        super().__init__(overlay, overlay_seed, planes)
        if validation_fraction + test_fraction >= 1:
            raise ValueError(
                f"validation_fraction is {validation_fraction} and test_fraction is {test_fraction}; "
                "their sum must be less than 1"
            )
        self.root, self.size, self.task = Path(root), size, task
        self.fractions: dict[Split, float] = {"validation": validation_fraction, "test": test_fraction}
        self.memory_gb, self.unreadable = memory_gb, unreadable

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        classes = self._found["train"][0].classes
        return {self.task: classes} if classes else {}

    def source(self, split: Split) -> Source:
        files, index = self._found[split]
        if not files.paths:
            raise NoSplit(f"no images are left for {split}; {split}_fraction is {self.fractions[split]}")
        read = read_files(files, self.size, self.task, self.memory_gb, self.unreadable)
        return Source(read.dataset, index[read.kept], read.skipped)

    def paths(self, split: Split) -> list[Path]:
        """Returns the files that a split's samples are read from, in their order; none where nothing is left."""
        files, _ = self._found[split]
        return [path for path in files.paths if str(path) not in self.skipped]

    @cached_property
    def _found(self) -> dict[Split, tuple[Files, np.ndarray]]:
        """Every split's files, and their positions among those of the folder that they come from."""
        train = find_images(self._folder("train") or self.root)
        found: dict[Split, tuple[Files, np.ndarray]] = {}
        index = np.arange(len(train))
        for split, fraction in self.fractions.items():
            folder = self._folder(split) if self._folder("train") else None
            if folder:
                files = find_images(folder, train.classes)
                found[split] = files, np.arange(len(files))
            else:
                parts = hold_out(len(index), round(fraction * len(train)))
                held_out = index[parts["validation"]]
                found[split] = train.take(held_out), held_out
                index = index[parts["train"]]
        found["train"] = train.take(index), index
        return found

    def _folder(self, split: Split) -> Path | None:
        existing = [self.root / name for name in SUBFOLDERS[split] if (self.root / name).is_dir()]
        return existing[0] if existing else None
