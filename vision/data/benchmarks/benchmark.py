"""What the benchmarks' image data share: lists of files in published layouts, in memory or read each time."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from viewlearn.bounds import FractionBelowOne, Gigabytes, Pixels
from viewlearn.data import NoSplit, Split, Unreadable
from vision.data.files import MEMORY_GB, Files, read_files
from vision.data.image_data import ImageData, Source, hold_out
from vision.files import is_image


class BenchmarkData(ImageData):
    """A published data set in a local copy of its published layout, with one task, ``object``.

    A subclass has ``layout`` and ``classes``, and lists a split's ``files``. The shorter side of an image is resized
    to ``size`` and the center is cut out.

    Args:
        root: The folder of the local copy.
        size: Side of the images in pixels.
        validation_fraction: Fraction of the training images that is held out if no validation split is published.
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads files each time.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning.

    Raises:
        ValueError: A root that isn't in the layout (the message shows it), images that can't be read, a fraction
            outside [0, 1), or a size below 1.
    """

    layout: str

    def __init__(
        self,
        root: str,
        size: Pixels = 224,
        validation_fraction: FractionBelowOne = 0.1,
        memory_gb: Gigabytes = MEMORY_GB,
        unreadable: Unreadable = "stop",
    ):
        super().__init__()
        self.root, self.size, self.validation_fraction = Path(root), size, validation_fraction
        self.memory_gb, self.unreadable = memory_gb, unreadable

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """The class names, in label order."""

    @abstractmethod
    def files(self, split: Split) -> Files | None:
        """Lists a published split's images; None for a validation split that isn't published."""

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"object": self.classes}

    def source(self, split: Split) -> Source:
        files, index = self._found[split]
        if not files.paths:
            raise NoSplit(f"no images are left for {split}; validation_fraction is {self.validation_fraction}")
        read = read_files(files, self.size, "object", self.memory_gb, self.unreadable)
        return Source(read.dataset, index[read.kept], read.skipped)

    @cached_property
    def _found(self) -> dict[Split, tuple[Files, np.ndarray]]:
        """Every split's files, and their positions among those of the published split that they come from."""
        found: dict[Split, tuple[Files, np.ndarray]] = {}
        for split in self.splits:
            files = self.files(split)
            if files is not None:
                check_exist(files.paths, self.root, self.layout)
                found[split] = files, np.arange(len(files))
        if "validation" not in found:
            train, _ = found["train"]
            parts = hold_out(len(train), round(self.validation_fraction * len(train)))
            found |= {split: (train.take(index), index) for split, index in parts.items()}
        return found


def require(path: Path, root: Path, layout: str) -> Path:
    """The path, if it exists.

    Raises:
        ValueError: It doesn't; the message shows the layout that was expected.
    """
    if not path.exists():
        raise ValueError(f"{str(path)!r} isn't there; expected in {str(root)!r}:\n{layout}")
    return path


def check_exist(paths: Sequence[Path], root: Path, layout: str) -> None:
    """Checks that the first and the last of the files exist, so that a wrong root fails at once.

    Raises:
        ValueError: No files at all, or one of these doesn't exist.
    """
    if not paths:
        raise ValueError(f"no images in {str(root)!r}; expected:\n{layout}")
    for path in (paths[0], paths[-1]):
        require(path, root, layout)


def read_class_list(path: Path | str) -> tuple[str, ...]:
    """Reads names of class folders from a text file: the first word of every line that isn't empty.

    Raises:
        ValueError: No such file, no names in it, or a name that occurs twice.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no class list {str(path)!r}; expected is a text file with one class folder a line")
    names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.split()]
    if not names:
        raise ValueError(f"the class list {str(path)!r} is empty")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"the class list {str(path)!r} has {', '.join(repeated)} more than once")
    return tuple(names)


def files_of_classes(folder: Path, classes: Sequence[str], layout: str) -> Files:
    """Lists the images in the folders ``folder/CLASS``, labeled by their class's position in ``classes``.

    Raises:
        ValueError: Classes without a folder, or a class folder without images.
    """
    require(folder, folder, layout)
    paths: list[Path] = []
    labels: list[int] = []
    absent: list[str] = []
    for label, name in enumerate(classes):
        if not (folder / name).is_dir():
            absent.append(name)
            continue
        own = sorted(filter(is_image, (folder / name).rglob("*")))
        if not own:
            raise ValueError(f"no images in the class folder {str(folder / name)!r}")
        paths += own
        labels += [label] * len(own)
    if absent:
        shown = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
        raise ValueError(f"{len(absent)} of {len(classes)} classes have no folder in {str(folder)!r}: {shown}")
    return Files(tuple(paths), tuple(labels), tuple(classes))
