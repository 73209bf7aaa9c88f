"""Published test sets that shift away from the training data: ImageNet-C, CIFAR-10-C and ObjectNet."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from viewlearn.data import ArrayDataset, Dataset
from vision.corruptions import CORRUPTIONS
from vision.data.benchmarks.benchmark import files_of_classes, require
from vision.data.files import FileDataset, Files

SEVERITIES = (1, 2, 3, 4, 5)
IMAGENET_C = "    CORRUPTION/{1,2,3,4,5}/WNID/*.JPEG"


def imagenet_c_files(
    root: Path | str, classes: Sequence[str], size: int = 224, corruptions: Sequence[str] = tuple(CORRUPTIONS)
) -> dict[str, list[Dataset]]:
    """Lists the published ImageNet-C files of some classes: per corruption, one data set for each severity.

    The result takes the place of corruption views in ``corruption_robustness``, and gives the accuracies that papers
    report ("IN-C-100" with ImageNet-100's classes).

    Args:
        root: Folder that the archives (noise, blur, weather, digital) were unpacked in, with or without their own
            top folders.
        classes: Classes of the training data, in label order: ``data.spec.tasks["object"]``.
        size: Side of the images in pixels.
        corruptions: Names of the corruptions.

    Raises:
        ValueError: A corruption, severity or class that isn't there; the message shows the expected layout.
    """
    root = Path(root)
    found: dict[str, list[Dataset]] = {}
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
    """Reads the published CIFAR-10-C (or CIFAR-100-C) arrays: per corruption, one data set for each severity.

    Args:
        root: Folder of the unpacked archive.
        corruptions: Names of the corruptions.

    Raises:
        ValueError: A file that isn't there, or arrays of another shape; the message shows the expected layout.
    """
    root = Path(root)
    found: dict[str, list[Dataset]] = {}
    labels = np.load(require(root / "labels.npy", root, CIFAR_C))
    for name in corruptions:
        images = np.load(require(root / f"{name}.npy", root, CIFAR_C), mmap_mode="r")
        if len(images) != len(labels) or len(images) % len(SEVERITIES) or images.shape[1:] != (32, 32, 3):
            raise ValueError(f"{name}.npy is {images.shape} and labels.npy {labels.shape}; expected:\n{CIFAR_C}")
        found[name] = [
            ArrayDataset(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), {"object": torch.from_numpy(y.copy())})
            for x, y in zip(np.split(images, len(SEVERITIES)), np.split(labels, len(SEVERITIES)), strict=True)
        ]
    return found


OBJECTNET = (
    "    images/FOLDER/*.png\n    mappings/folder_to_objectnet_label.json\n    mappings/objectnet_to_imagenet_1k.json"
)


def objectnet_files(root: Path | str, synsets: Path | str, classes: Sequence[str], size: int = 224) -> FileDataset:
    """Lists ObjectNet's images of the classes that it shares with ``classes``: 13 of ImageNet-100 ("ON-13").

    Labels are those of the training data, so that a classifier of these can be used as it is; chance is
    1 / len(classes). The red frame, one pixel wide, that marks ObjectNet's images is cut off.

    Args:
        root: The unpacked archive, ``objectnet-1.0``.
        synsets: ImageNet's ``LOC_synset_mapping.txt``, with a WNID and its names a line; ObjectNet uses the names.
        classes: WNIDs of the training data's classes, in label order: ``data.spec.tasks["object"]``.
        size: Side of the images in pixels.

    Raises:
        ValueError: A file that isn't there (the message shows the expected layout), or no shared class.

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
    paths: list[Path] = []
    labels: list[int] = []
    for folder, label in sorted(label_of_folder.items()):
        names = [name.strip() for name in names_of_label.get(label, "").split(";")]
        shared = [wnid_of_name[name] for name in names if wnid_of_name.get(name) in classes]
        if shared:
            # One of ObjectNet's classes may be several of ImageNet's: the first of the shared ones counts.
            found = files_of_classes(root / "images", [folder], OBJECTNET)
            paths += found.paths
            labels += [list(classes).index(shared[0])] * len(found.paths)
    if not paths:
        raise ValueError(f"none of ObjectNet's classes is among the {len(classes)} of the training data")
    return FileDataset(Files(tuple(paths), tuple(labels), tuple(classes)), size, border=1)
