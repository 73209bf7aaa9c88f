"""What the benchmarks' image data have in common: lists of files, held in memory or read each time."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from viewlearn.data import Split
from vision.data import ImageData
from vision.data.files import SUFFIXES, FileDataset, Files, array_dataset, readable
from vision.data.folder import IN_MEMORY
from vision.data.image_data import Source, hold_out

Memory = Literal["auto", "yes", "no"]


class BenchmarkData(ImageData):
    """A published data set in a local copy of its published layout, with one task, ``object``.

    A subclass tells ``layout`` and ``classes``, and lists a split's ``files``. Images are decoded, their shorter side
    is resized to ``size`` and the center is cut.

    Args:
        root: the folder of the local copy.
        size: side of the images in pixels.
        validation: share of the training images held out, where no validation split is published.
        memory: ``yes`` decodes a split once and keeps it, ``no`` reads files each time, ``auto`` keeps up to 2 GiB.
        skip_unreadable: leave out images that can't be read, with a warning, instead of stopping.

    Raises:
        ValueError: a root that isn't in the layout (the message shows it), images that can't be read, a share outside
            [0, 1), a size below 1.
    """

    layout: str

    def __init__(
        self,
        root: str,
        size: int = 224,
        validation: float = 0.1,
        memory: Memory = "auto",
        skip_unreadable: bool = False,
    ):
        super().__init__()
        if size < 1:
            raise ValueError(f"size is {size}; it must be 1 or more pixels")
        if not 0 <= validation < 1:
            raise ValueError(f"validation is {validation}; it is a share of the training images, in [0, 1)")
        if memory not in ("auto", "yes", "no"):
            raise ValueError(f"memory is {memory!r}; allowed are 'auto', 'yes' and 'no'")
        self.root, self.size, self.validation = Path(root), size, validation
        self.memory, self.skip_unreadable = memory, skip_unreadable

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The class names, in label order."""

    @abstractmethod
    def files(self, split: Split) -> Files | None:
        """A published split's images; None for a validation split that isn't published."""

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"object": self.classes}

    def source(self, split: Split) -> Source:
        files, index = self._files[split]
        if not files.paths:
            raise ValueError(f"no images are left for {split}; validation is {self.validation} of the training images")
        if self.memory == "yes" or (self.memory == "auto" and len(index) * 3 * self.size**2 <= IN_MEMORY):
            dataset, kept = array_dataset(files, self.size, "object", self.skip_unreadable)
            return Source(dataset, index[kept])
        kept = readable(files, self.size) if self.skip_unreadable else np.arange(len(index))
        return Source(FileDataset(files.take(kept), self.size), index[kept])

    @cached_property
    def _files(self) -> dict[str, tuple[Files, np.ndarray]]:
        """Every split's files, and their positions among those of the published split that they come from."""
        found = {split: self.files(split) for split in self.splits}
        for files in found.values():
            if files is not None:
                check_exist(files.paths, self.root, self.layout)
        train, validation = found["train"], found["validation"]
        parts = {"train": np.arange(len(train.paths))}
        if validation is None:
            held = hold_out(len(train.paths), round(self.validation * len(train.paths)), None)
            parts = {split: index.numpy() for split, index in held.items()}
            found = {**found, **{split: train.take(index) for split, index in parts.items()}}
        return {split: (files, parts.get(split, np.arange(len(files.paths)))) for split, files in found.items()}


def require(path: Path, root: Path, layout: str) -> Path:
    """The path, if it is there.

    Raises:
        ValueError: it isn't; the message shows the layout that was expected.
    """
    if not path.exists():
        raise ValueError(f"{str(path)!r} isn't there; expected in {str(root)!r}:\n{layout}")
    return path


def check_exist(paths: Sequence[Path], root: Path, layout: str) -> None:
    """Looks whether the first and the last of the files exist, so that a wrong root fails at once.

    Raises:
        ValueError: no files at all, or these aren't there.
    """
    if not paths:
        raise ValueError(f"no images in {str(root)!r}; expected:\n{layout}")
    for path in (paths[0], paths[-1]):
        require(path, root, layout)


def read_class_list(path: Path | str) -> tuple[str, ...]:
    """Class folders' names from a text file: the first word of every line that isn't empty.

    Raises:
        ValueError: no such file, no names in it, or a name twice.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no class list {str(path)!r}; expected is a text file with one class folder a line")
    names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.split()]
    if not names:
        raise ValueError(f"the class list {str(path)!r} is empty")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the class list {str(path)!r} has {', '.join(twice)} more than once")
    return tuple(names)


def files_of_classes(folder: Path, classes: Sequence[str], layout: str) -> Files:
    """The images in the folders ``folder/CLASS`` of the given classes, labeled by their place in ``classes``.

    Raises:
        ValueError: classes without a folder, or a class folder without images.
    """
    require(folder, folder, layout)
    paths, labels, absent = [], [], []
    for label, name in enumerate(classes):
        if not (folder / name).is_dir():
            absent.append(name)
            continue
        own = sorted(path for path in (folder / name).rglob("*") if path.suffix.lower() in SUFFIXES)
        if not own:
            raise ValueError(f"no images in the class folder {str(folder / name)!r}")
        paths += own
        labels += [label] * len(own)
    if absent:
        shown = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
        raise ValueError(f"{len(absent)} of {len(classes)} classes have no folder in {str(folder)!r}: {shown}")
    return Files(tuple(paths), tuple(labels), tuple(classes))
