"""ImageNet with fewer classes."""

from functools import cached_property

from viewlearn.bounds import FractionBelowOne, Gigabytes, Pixels
from viewlearn.data import Split, Unreadable
from vision.data.benchmarks.benchmark import BenchmarkData, files_of_classes, read_class_list, require
from vision.data.files import MEMORY_GB, Files


class ImageNet100(BenchmarkData):
    """Some classes of an ImageNet folder; with Tian et al.'s list of 100 it is ImageNet-100.

    Training images are those below ``train``, test images those below ``val``, whose labels are published. Labels
    follow the list's order.

    Args:
        root: The folder of ImageNet (ILSVRC 2012), with train/WNID/*.JPEG and val/WNID/*.JPEG.
        class_list: A text file with one class folder (WNID) a line, such as ``imagenet100.txt`` of the code of Tian
            et al., "Contrastive multiview coding".
        size: Side of the images in pixels.
        validation_fraction: Fraction of the training images that is held out, in [0, 1).
        memory_gb: Largest size in gigabytes of a split that is kept in memory; 0 reads files each time.
        unreadable: Whether an image file that can't be read stops the run, or is skipped with a warning.

    Raises:
        ValueError: As ``BenchmarkData``; a class list that can't be read or names classes without a folder.
    """

    layout = "    train/WNID/*.JPEG\n    val/WNID/*.JPEG"

    def __init__(
        self,
        root: str,
        class_list: str,
        size: Pixels = 224,
        validation_fraction: FractionBelowOne = 0.02,
        memory_gb: Gigabytes = MEMORY_GB,
        unreadable: Unreadable = "stop",
    ):
        super().__init__(root, size, validation_fraction, memory_gb, unreadable)
        self.class_list = class_list

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return read_class_list(self.class_list)

    def files(self, split: Split) -> Files | None:
        if split == "validation":
            return None
        folder = require(self.root / {"train": "train", "test": "val"}[split], self.root, self.layout)
        return files_of_classes(folder, self.classes, self.layout)
