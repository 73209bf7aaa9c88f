"""Lists of image files with their classes: found in folders, and read as a data set."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Dataset, Unreadable, report_unreadable
from vision.files import SUFFIXES, is_image, read_center

MEMORY_GB = 2.0  # up to which a split is kept in memory by default


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


class ReadFiles(NamedTuple):
    """Image files as a data set.

    Args:
        dataset: The images that can be read.
        kept: ``(len(dataset),)`` positions of these among the files.
        skipped: Why the others can't be read, by path.
    """

    dataset: Dataset
    kept: np.ndarray
    skipped: dict[str, str]


def read_files(
    files: Files, size: int, task: str, memory_gb: float = float("inf"), unreadable: Unreadable = "stop"
) -> ReadFiles:
    """Makes a data set of image files, in memory if they fit.

    Args:
        files: The images.
        size: Side in pixels of the squares that they become, see ``read_center``.
        task: Name of the files' classes as a task.
        memory_gb: Largest size in gigabytes that is kept in memory; larger data sets read each file when asked for it.
        unreadable: Whether a file that can't be read stops the run, or is left out with a warning. Files that aren't
            kept in memory are all read once to find those.

    Raises:
        ValueError: Files that can't be read; the message counts them. Skipping raises it if none can be read.
    """
    if len(files) * 3 * size**2 > memory_gb * 1e9:
        kept, skipped = _readable(files, size, None) if unreadable == "skip" else (np.arange(len(files)), {})
        report_unreadable(skipped, len(files), unreadable)
        return ReadFiles(FileDataset(files.take(kept), size, task), kept, skipped)
    images = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
    kept, skipped = _readable(files, size, images)
    report_unreadable(skipped, len(files), unreadable)
    files = files.take(kept)
    labels = {task: torch.tensor(files.labels, dtype=torch.int64)} if files.classes else {}
    return ReadFiles(ArrayDataset(images[: len(kept)], labels), kept, skipped)


def _readable(files: Files, size: int, out: Tensor | None) -> tuple[np.ndarray, dict[str, str]]:
    """Reads every file, into the first rows of ``out``: the positions of those that can be read, and why not others."""
    kept, skipped = [], {}
    for position, path in enumerate(files.paths):
        try:
            image = read_center(path, size)
        except ValueError as error:
            skipped[str(path)] = str(error)
            continue
        if out is not None:
            out[len(kept)] = image
        kept.append(position)
    return np.array(kept, dtype=np.int64), skipped
