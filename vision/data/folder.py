"""Any folder of images."""

from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from viewlearn.data import Split
from vision.data.files import FileDataset, Files, array_dataset, find_images, readable
from vision.data.image_data import ImageData, Source, hold_out
from vision.superimposed import Overlay

IN_MEMORY = 2**31  # bytes of decoded images up to which ``auto`` keeps a split in memory
SUBFOLDERS: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "val"),
    "test": ("test",),
}


class ImageFolder(ImageData):
    """Any folder of images, with or without class folders, with or without train and test folders.

    ``root`` is one of

        CLASS/*.jpg                     *.jpg, unlabeled
        {train,test}/CLASS/*.jpg        {train,test}/*.jpg, unlabeled

    and may have ``validation`` beside ``train`` (or ``val``, ``valid``). A validation or test split without a folder
    is held out of the training images, at random but always alike. Images are decoded, their shorter side is resized
    to ``size`` and the center is cut. Unlabeled images have no tasks but the overlay's.

    Args:
        root: the folder.
        size: side of the images in pixels.
        overlay: what is drawn over the images: Digits, Letters, Shapes or a class of one's own; nothing by default.
        overlay_seed: of which image gets which overlay.
        layers: store base and overlay apart, for the oracle ``RedrawOverlay``.
        validation: share of the training images held out, where there is no such folder.
        test: share of the images held out, where there is no such folder.
        task: name of the class folders' task.
        memory: ``yes`` decodes a split once and keeps it; ``no`` reads files each time, for the worker loader; ``auto``
            keeps what takes at most 2 GiB.
        skip_unreadable: leave out images that can't be read, with a warning, instead of stopping. Images that aren't
            kept in memory are all read once at the start to find them.

    Raises:
        ValueError: a folder that isn't there, an empty one, one of mixed layout, images that can't be read, shares
            that leave nothing.
    """

    def __init__(
        self,
        root: str,
        size: int = 64,
        overlay: Overlay | None = None,
        overlay_seed: int = 0,
        layers: bool = False,
        validation: float = 0.1,
        test: float = 0.1,
        task: str = "object",
        memory: Literal["auto", "yes", "no"] = "auto",
        skip_unreadable: bool = False,
    ):
        super().__init__(overlay, overlay_seed, layers)
        if size < 1:
            raise ValueError(f"size is {size}; it must be 1 or more pixels")
        if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
            raise ValueError(f"validation {validation} and test {test} are shares: 0 or more, together below 1")
        if memory not in ("auto", "yes", "no"):
            raise ValueError(f"memory is {memory!r}; allowed are 'auto', 'yes' and 'no'")
        self.root, self.size, self.task = Path(root), size, task
        self.shares = {"validation": validation, "test": test}
        self.memory, self.skip_unreadable = memory, skip_unreadable

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        classes = self._found["train"][0].classes
        return {self.task: classes} if classes else {}

    def source(self, split: Split) -> Source:
        files, index = self._found[split]
        if not files.paths:
            raise ValueError(f"no images are left for {split}; {split} is {self.shares[split]} of the images")
        bytes_in_memory = len(files.paths) * 3 * self.size**2
        if self.memory == "yes" or (self.memory == "auto" and bytes_in_memory <= IN_MEMORY):
            dataset, kept = array_dataset(files, self.size, self.task, self.skip_unreadable)
            return Source(dataset, index[kept])
        kept = readable(files, self.size) if self.skip_unreadable else np.arange(len(index))
        return Source(FileDataset(files.take(kept), self.size, self.task), index[kept])

    @cached_property
    def _found(self) -> dict[str, tuple[Files, np.ndarray]]:
        """Every split's files, and their positions among those of the folder that they come from."""
        folders = {split: self._folder(split) for split in SUBFOLDERS}
        train = find_images(folders["train"] or self.root)
        found = {}
        for split in ("validation", "test"):
            if folders["train"] and folders[split]:
                files = find_images(folders[split], train.classes)
                found[split] = files, np.arange(len(files.paths))
        held = {split: round(share * len(train.paths)) for split, share in self.shares.items() if split not in found}
        left = np.arange(len(train.paths))
        for split, number in held.items():
            parts = hold_out(len(left), number, None)
            chosen = left[parts["validation"].numpy()]
            found[split] = train.take(chosen), chosen
            left = left[parts["train"].numpy()]
        found["train"] = train.take(left), left
        return found

    def _folder(self, split: Split) -> Path | None:
        there = [self.root / name for name in SUBFOLDERS[split] if (self.root / name).is_dir()]
        return there[0] if there else None
