"""Images in folders: finding, decoding and reading them, and what to do about those that can't be read."""

import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from viewlearn.data import ArrayDataset

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
# What Pillow raises for files that are empty, cut short, something else, or absurdly large.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
SHOWN = 5  # paths that a message lists


@dataclass(frozen=True)
class Files:
    """Image files, and the class folders that they lie in.

    Args:
        paths: of the images, sorted.
        labels: of each image; empty without class folders.
        classes: the class folders' names, sorted; empty without any.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()

    def take(self, index: Sequence[int]) -> "Files":
        """Some of the files, under the same classes."""
        labels = tuple(self.labels[i] for i in index) if self.labels else ()
        return Files(tuple(self.paths[i] for i in index), labels, self.classes)

    def targets(self, task: str) -> dict[str, Tensor]:
        """``{task: labels}``, or nothing without class folders."""
        return {task: torch.tensor(self.labels, dtype=torch.int64)} if self.classes else {}


def find_images(folder: Path | str, classes: tuple[str, ...] | None = None) -> Files:
    """The images below a folder: those of its subfolders, which are the classes, or those that lie in it directly.

    Args:
        folder: where to look; hidden files and folders are left out.
        classes: the only classes allowed, in label order; by default those that are there.

    Raises:
        ValueError: no such folder, no image in it or in one of its class folders, images both in it and in
            subfolders, or a class that isn't allowed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {str(folder)!r}")
    loose = _images(folder.iterdir())
    subfolders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {path.name: _images(path.rglob("*")) for path in subfolders}
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


def _images(paths) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))


def read_image(path: Path, size: int, border: int = 0) -> Tensor:
    """An image as ``(3, size, size)`` uint8: its shorter side resized to ``size``, antialiased, and the center.

    Gray and palette images become RGB, opacity is dropped, the camera's orientation is applied. ``border`` pixels of
    the file are cut from each side first.

    Raises:
        ValueError: it can't be read; the message has its path.
    """
    try:
        with Image.open(path) as opened:
            if not border:
                opened.draft("RGB", (size, size))  # JPEGs decode faster at half, a quarter or an eighth of their size
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):  # 16 bits, which the conversion would clip to 8
                image = image.point(lambda value: value / 256).convert("L")
            image = image.convert("RGB")
    except UNREADABLE as error:
        raise ValueError(f"can't read the image {str(path)!r}: {error}") from error
    if border:
        image = ImageOps.crop(image, border)
    side = min(image.size)
    left, top = ((extent - side) / 2 for extent in image.size)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def read_all(files: Files, size: int, skip_unreadable: bool = False) -> tuple[Tensor, list[int]]:
    """Every image in memory, and the positions in ``files`` of those that could be read.

    Returns:
        ``(num_read, 3, size, size)`` uint8, and their positions.

    Raises:
        ValueError: images that can't be read, unless they are skipped with a warning; the message counts them all.
    """
    images = torch.empty(len(files.paths), 3, size, size, dtype=torch.uint8)
    kept, unreadable = [], []
    for position, path in enumerate(files.paths):
        try:
            images[len(kept)] = read_image(path, size)
            kept.append(position)
        except ValueError as error:
            unreadable.append(str(error))
    _report(unreadable, len(files.paths), skip_unreadable)
    return images[: len(kept)], kept


def readable(files: Files, size: int) -> list[int]:
    """The positions of the images that can be read, by reading each of them once; the others are warned about."""
    kept, unreadable = [], []
    for position, path in enumerate(files.paths):
        try:
            read_image(path, size)
            kept.append(position)
        except ValueError as error:
            unreadable.append(str(error))
    _report(unreadable, len(files.paths), skip=True)
    return kept


def _report(unreadable: list[str], num_images: int, skip: bool) -> None:
    if not unreadable:
        return
    shown = "\n  ".join(unreadable[:SHOWN] + ["…"] * (len(unreadable) > SHOWN))
    message = f"{len(unreadable)} of {num_images} images can't be read:\n  {shown}"
    if not skip or len(unreadable) == num_images:
        raise ValueError(f"{message}\nRepair or remove them, or allow skip_unreadable")
    warnings.warn(f"{message}\nThey are left out", stacklevel=3)


class FileDataset:
    """Images read from their files each time, for folders that don't fit into memory.

    Args:
        files: the images.
        size: side of the squares that they become.
        task: name of the class folders' task.
        border: pixels that are cut from each side of an image.

    Raises:
        ValueError: (when read) an image that can't be.
    """

    def __init__(self, files: Files, size: int, task: str = "object", border: int = 0):
        self.files, self.size, self.task, self.border = files, size, task, border

    def __len__(self) -> int:
        return len(self.files.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        labels = {self.task: self.files.labels[index]} if self.files.classes else {}
        return read_image(self.files.paths[index], self.size, self.border), labels


def array_dataset(files: Files, size: int, task: str, skip_unreadable: bool = False) -> tuple[ArrayDataset, list[int]]:
    """The images in memory, and the positions in ``files`` of those that could be read; see ``read_all``."""
    images, kept = read_all(files, size, skip_unreadable)
    return ArrayDataset(images, files.take(kept).targets(task)), kept
