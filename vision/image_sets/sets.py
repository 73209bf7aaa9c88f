"""Image sets from files: a list of images, or of boxes in them, with their classes and sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from viewlearn.sampling import subset
from vision.files import Box, read_square


@dataclass(frozen=True)
class Entry:
    """One image of a set.

    Args:
        path: The image file.
        class_name: What the image shows.
        set_name: Which set of its class it belongs to.
        level: Step of the transformation; 0 where steps have no order that sets share.
        box: Left, top, right, bottom in pixels; None for the whole image. Parts beyond the image are black.
    """

    path: Path
    class_name: str
    set_name: str
    level: int = 0
    box: Box | None = None


class ImageSets:
    """A data set of image sets in files: ``sets[i] -> (uint8 (3, size, size), {"class", "set", "level"})``.

    Each image is cut to its box and resized to a square, without keeping its aspect ratio and without a center crop,
    as the released code of the Representation Invariance Score does. Two boxes of one file are two images (there,
    features are keyed by file name, so that the last box of a file stands for all of them).

    Args:
        entries: The images.
        size: Side of the squares in pixels.

    Raises:
        ValueError: No entries; (when read) a file that isn't an image; the message has its path.
    """

    def __init__(self, entries: Sequence[Entry], size: int = 128):
        if not entries:
            raise ValueError("there are no entries to make image sets of")
        self.entries = list(entries)
        self.size = size
        self.classes = tuple(sorted({entry.class_name for entry in self.entries}))
        sets = sorted({(entry.class_name, entry.set_name) for entry in self.entries})
        self._class_index = {name: k for k, name in enumerate(self.classes)}
        self._set_index = {name: k for k, name in enumerate(sets)}

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        entry = self.entries[index]
        labels = {
            "class": self._class_index[entry.class_name],
            "set": self._set_index[entry.class_name, entry.set_name],
            "level": entry.level,
        }
        return read_square(entry.path, self.size, entry.box), labels

    def subset(self, index: Sequence[int]) -> "ImageSets":
        """The images at some positions."""
        return ImageSets([self.entries[i] for i in index], self.size)


def sample_sets(sets: ImageSets, max_sets: int, seed: int = 0) -> ImageSets:
    """Draws at most ``max_sets`` whole sets, for a quick look at a large collection."""
    names = sorted({(entry.class_name, entry.set_name) for entry in sets.entries})
    kept = {names[i] for i in subset(len(names), max_sets, seed).tolist()}
    return sets.subset([i for i, entry in enumerate(sets.entries) if (entry.class_name, entry.set_name) in kept])
