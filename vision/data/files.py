"""Lists of image files with their classes: found in folders, and read as a data set."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Dataset
from vision.files import SUFFIXES, is_image, read_center

Unreadable = Literal["stop", "skip"]
MEMORY_GB = 2.0  # up to which a split is kept in memory by default
NUM_SHOWN = 5  # unreadable files that a message lists


@dataclass(frozen=True)
class Files:
    """Image files and their classes.

    Args:
        paths: The files.
        labels: The class of each file; empty for unlabeled files.
        classes: The classes' names, in label order; empty for unlabeled files.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, index: Iterable[int]) -> "Files":
        """The files at some positions, under the same classes."""
        index = list(index)
        labels = tuple(self.labels[i] for i in index) if self.labels else ()
        return Files(tuple(self.paths[i] for i in index), labels, self.classes)


def find_images(folder: Path | str, classes: tuple[str, ...] | None = None) -> Files:
    """Finds the images below a folder: those in its subfolders, which are the classes, or those directly in it.

    Args:
        folder: Where to look; hidden files and folders are left out.
        classes: The only classes allowed, in label order; by default those that are there.

    Raises:
        ValueError: No such folder, no image in it or in one of its class folders, images both in it and in
            subfolders, or a class that isn't allowed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {str(folder)!r}")
    loose = sorted(filter(is_image, folder.iterdir()))
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {path.name: sorted(filter(is_image, path.rglob("*"))) for path in subfolders}
    if not loose and not any(found.values()):
        raise ValueError(f"no images in the folder {str(folder)!r}; accepted are files ending in {', '.join(SUFFIXES)}")
    if loose and any(found.values()):
        raise ValueError(
            f"{str(folder)!r} has images of its own ({loose[0].name}, …) and in folders ({subfolders[0].name}, …); "
            "put all into class folders or none"
        )
    if loose:
        return Files(tuple(loose))
    for name, paths in found.items():
        if not paths:
            raise ValueError(f"no images in the class folder {str(folder / name)!r}; accepted: {', '.join(SUFFIXES)}")
        if classes is not None and name not in classes:
            raise ValueError(f"{str(folder / name)!r} is a class that train doesn't have: {', '.join(classes)}")
    classes = classes or tuple(found)
    pairs = [(path, classes.index(name)) for name, paths in found.items() for path in paths]
    return Files(tuple(path for path, _ in pairs), tuple(label for _, label in pairs), classes)


class FileDataset:
    """Images that are read from their files each time, for folders that don't fit into memory.

    Args:
        files: The images.
        size: Side in pixels of the squares that they become, see ``read_center``.
        task: Name of the files' classes as a task.
        border: Pixels that are cut off each side of an image.

    Raises:
        ValueError: (when read) an image that can't be read.
    """

    def __init__(self, files: Files, size: int, task: str = "object", border: int = 0):
        self.files, self.size, self.task, self.border = files, size, task, border

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        labels = {self.task: self.files.labels[index]} if self.files.classes else {}
        return read_center(self.files.paths[index], self.size, self.border), labels


def read_files(
    files: Files, size: int, task: str, memory_gb: float = float("inf"), unreadable: Unreadable = "stop"
) -> tuple[Dataset, np.ndarray]:
    """Makes a data set of image files, in memory if they fit.

    Args:
        files: The images.
        size: Side in pixels of the squares that they become, see ``read_center``.
        task: Name of the files' classes as a task.
        memory_gb: Largest size in gigabytes that is kept in memory; larger data sets read each file when asked for it.
        unreadable: Whether a file that can't be read stops the run, or is left out with a warning. Files that aren't
            kept in memory are all read once to find those.

    Returns:
        The data set, and the positions in ``files`` of its images ``(len(dataset),)``.

    Raises:
        ValueError: Files that can't be read; the message counts them. Skipping raises it if none can be read.
    """
    if len(files) * 3 * size**2 > memory_gb * 1e9:
        kept = _readable(files, size, None) if unreadable == "skip" else np.arange(len(files))
        return FileDataset(files.take(kept), size, task), kept
    images = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
    kept = _readable(files, size, images, unreadable)
    files = files.take(kept)
    labels = {task: torch.tensor(files.labels, dtype=torch.int64)} if files.classes else {}
    return ArrayDataset(images[: len(kept)], labels), kept


def _readable(files: Files, size: int, out: Tensor | None, unreadable: Unreadable = "skip") -> np.ndarray:
    """Reads every file, into the first rows of ``out``, and returns the positions of those that could be read."""
    kept, messages = [], []
    for position, path in enumerate(files.paths):
        try:
            image = read_center(path, size)
        except ValueError as error:
            messages.append(str(error))
            continue
        if out is not None:
            out[len(kept)] = image
        kept.append(position)
    if messages:
        _report(messages, len(files), unreadable)
    return np.array(kept, dtype=np.int64)


def _report(messages: Sequence[str], num_images: int, unreadable: Unreadable) -> None:
    shown = "\n  ".join([*messages[:NUM_SHOWN], *["…"] * (len(messages) > NUM_SHOWN)])
    message = f"{len(messages)} of {num_images} images can't be read:\n  {shown}"
    if unreadable == "stop" or len(messages) == num_images:
        raise ValueError(f"{message}\nRepair or remove them, or allow --data.unreadable skip")
    warnings.warn(f"{message}\nThey are left out", stacklevel=4)


def check_reading(size: int, memory_gb: float, unreadable: Unreadable) -> None:
    """Raises ValueError for a size below 1, a negative or undefined memory, or an unknown ``unreadable``."""
    if size < 1:
        raise ValueError(f"size is {size}; it must be 1 or more pixels")
    if not memory_gb >= 0:
        raise ValueError(f"memory_gb is {memory_gb}; it must be 0 or more gigabytes")
    if unreadable not in ("stop", "skip"):
        raise ValueError(f"unreadable is {unreadable!r}; it must be 'stop' or 'skip'")
