"""ImageNet with fewer classes, and test sets that shift away from it: ImageNet-C, ObjectNet and CIFAR-10-C."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from viewlearn.data import ArrayDataset, Dataset, Split
from vision.corruptions import CORRUPTIONS
from vision.data.benchmarks.files import BenchmarkData, Memory, files_of_classes, read_class_list, require
from vision.data.files import FileDataset, Files

SEVERITIES = (1, 2, 3, 4, 5)


class ImageNet100(BenchmarkData):
    """Some classes of an ImageNet folder; with Tian et al.'s list of 100 it is ImageNet-100.

    Training images are those below ``train``, test images those below ``val``, whose labels are published. Labels
    follow the list's order.

    Args:
        root: the folder of ImageNet (ILSVRC 2012), with train/WNID/*.JPEG and val/WNID/*.JPEG.
        class_list: a text file with one class folder (WNID) a line, such as ``imagenet100.txt`` of the code of Tian
            et al., "Contrastive multiview coding".
        size: side of the images in pixels.
        validation: share of the training images held out.
        memory: ``yes`` decodes a split once and keeps it, ``no`` reads files each time, ``auto`` keeps up to 2 GiB.
        skip_unreadable: leave out images that can't be read, with a warning, instead of stopping.

    Raises:
        ValueError: as BenchmarkData; a class list that can't be read or names classes without a folder.
    """

    layout = "    train/WNID/*.JPEG\n    val/WNID/*.JPEG"

    def __init__(
        self,
        root: str,
        class_list: str,
        size: int = 224,
        validation: float = 0.02,
        memory: Memory = "auto",
        skip_unreadable: bool = False,
    ):
        super().__init__(root, size, validation, memory, skip_unreadable)
        self.class_list = class_list

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return read_class_list(self.class_list)

    def files(self, split: Split) -> Files | None:
        if split == "validation":
            return None
        folder = require(self.root / {"train": "train", "test": "val"}[split], self.root, self.layout)
        return files_of_classes(folder, self.classes, self.layout)


IMAGENET_C = "    CORRUPTION/{1,2,3,4,5}/WNID/*.JPEG"


def imagenet_c_files(
    root: Path | str, classes: Sequence[str], size: int = 224, corruptions: Sequence[str] = tuple(CORRUPTIONS)
) -> dict[str, list[Dataset]]:
    """The published ImageNet-C files of some classes: per corruption, one data set for each severity.

    The result takes the place of corruption views in ``corruption_robustness``. Without corrupting anything itself it
    gives the accuracies that papers report ("IN-C-100" with ImageNet-100's classes).

    Args:
        root: the folder that the archives (noise, blur, weather, digital) were unpacked in; their own top folders may
            be there or not.
        classes: the training data's, in label order: ``data.spec.tasks["object"]``.
        size: side of the images in pixels.
        corruptions: which.

    Raises:
        ValueError: a corruption, severity or class that isn't there; the message shows the expected layout.
    """
    root, found = Path(root), {}
    for name in corruptions:
        folders = [folder for folder in (root / name, *root.glob(f"*/{name}")) if folder.is_dir()]
        folder = require(folders[0] if folders else root / name, root, IMAGENET_C)
        found[name] = [
            FileDataset(files_of_classes(require(folder / str(s), root, IMAGENET_C), classes, IMAGENET_C), size)
            for s in SEVERITIES
        ]
    return found


CIFAR_C = "    CORRUPTION.npy (50,000, 32, 32, 3), severities 1 to 5 one after the other\n    labels.npy (50,000,)"


def cifar_c_files(root: Path | str, corruptions: Sequence[str] = tuple(CORRUPTIONS)) -> dict[str, list[Dataset]]:
    """The published CIFAR-10-C (or CIFAR-100-C) arrays: per corruption, one data set for each severity.

    Args:
        root: the folder of the unpacked archive.
        corruptions: which.

    Raises:
        ValueError: a file that isn't there, or arrays of another shape; the message shows the expected layout.
    """
    root, found = Path(root), {}
    labels = np.load(require(root / "labels.npy", root, CIFAR_C))
    for name in corruptions:
        images = np.load(require(root / f"{name}.npy", root, CIFAR_C), mmap_mode="r")
        if len(images) != len(labels) or len(images) % len(SEVERITIES) or images.shape[1:] != (32, 32, 3):
            raise ValueError(f"{name}.npy is {images.shape} and labels.npy {labels.shape}; expected:\n{CIFAR_C}")
        found[name] = [
            ArrayDataset(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), {"object": y.astype(np.int64)})
            for x, y in zip(np.split(images, len(SEVERITIES)), np.split(labels, len(SEVERITIES)), strict=True)
        ]
    return found


OBJECTNET = (
    "    images/FOLDER/*.png\n    mappings/folder_to_objectnet_label.json\n    mappings/objectnet_to_imagenet_1k.json"
)


def objectnet_files(root: Path | str, synsets: Path | str, classes: Sequence[str], size: int = 224) -> FileDataset:
    """ObjectNet's images of the classes that it shares with ``classes``: 13 of ImageNet-100 ("ON-13").

    Labels are those of the training data, so that its classifier can be asked as it is; chance is 1 / len(classes).
    The red frame of one pixel that marks ObjectNet's images is cut off.

    Args:
        root: the unpacked archive, ``objectnet-1.0``.
        synsets: ImageNet's ``LOC_synset_mapping.txt``: a WNID and its names a line, by which ObjectNet refers to it.
        classes: the training data's WNIDs, in label order: ``data.spec.tasks["object"]``.
        size: side of the images in pixels.

    Raises:
        ValueError: files that aren't there (the message shows the expected layout), or no shared class.

    Barbu et al., "ObjectNet: a large-scale bias-controlled dataset", NeurIPS 2019.
    """
    root = Path(root)
    maps = [
        json.loads(require(root / "mappings" / name, root, OBJECTNET).read_text(encoding="utf-8"))
        for name in ("folder_to_objectnet_label.json", "objectnet_to_imagenet_1k.json")
    ]
    label_of_folder, names_of_label = maps
    lines = require(Path(synsets), Path(synsets).parent, "    LOC_synset_mapping.txt").read_text(encoding="utf-8")
    wnid_of_name = {line.partition(" ")[2]: line.partition(" ")[0] for line in lines.splitlines()}
    paths, labels = [], []
    for folder, label in sorted(label_of_folder.items()):
        names = [name.strip() for name in names_of_label.get(label, "").split(";")]
        shared = [wnid_of_name[name] for name in names if wnid_of_name.get(name) in classes]
        if shared:
            # One of ObjectNet's classes may be several of ImageNet's: of those that are shared, the first counts.
            found = files_of_classes(root / "images", [folder], OBJECTNET)
            paths += found.paths
            labels += [list(classes).index(shared[0])] * len(found.paths)
    if not paths:
        raise ValueError(f"none of ObjectNet's classes is among the {len(classes)} of the training data")
    return FileDataset(Files(tuple(paths), tuple(labels), tuple(classes)), size, border=1)
