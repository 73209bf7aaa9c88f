"""Published collections as image sets, read from the folders that their archives unpack to."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Literal

import torch

from vision.files import Box, images_in, natural_key
from vision.image_sets.sets import Entry, ImageSets

PASCAL3D_CLASSES = (
    "aeroplane",
    "bicycle",
    "boat",
    "bottle",
    "bus",
    "car",
    "chair",
    "diningtable",
    "motorbike",
    "sofa",
    "train",
    "tvmonitor",
)


def aloi(root: str | Path, size: int = 128) -> ImageSets:
    """Reads ALOI: one folder per object, named by its number, with one image per viewpoint, light or color.

    ``aloi_red2_view.tar`` has 1,000 objects × 72 views, ``aloi_red2_ill.tar`` × 24 directions and
    ``aloi_red2_col.tar`` × 12 colors of light, below ``png2/``. Every object is a class with a single set, so that the
    target conditioning of RIS does nothing here.

    Geusebroek, Burghouts & Smeulders, "The Amsterdam library of object images" (IJCV 2005).

    Raises:
        ValueError: No folders with images below ``root``.
    """
    root = Path(root)
    folders = sorted((path for path in root.glob("*") if path.is_dir()), key=lambda path: natural_key(path.name))
    entries = [
        Entry(path, folder.name, folder.name, level)
        for folder in folders
        for level, path in enumerate(images_in(folder))
    ]
    return ImageSets(_found(entries, root, "NUMBER/IMAGE.png"), size)


def coil100(root: str | Path, size: int = 128) -> ImageSets:
    """Reads COIL-100: ``objN__ANGLE.png``, 100 objects × 72 views; every object is a class with a single set.

    Nene, Nayar & Murase, "Columbia object image library" (CUCS-006-96).

    Raises:
        ValueError: No such files in ``root``.
    """
    root = Path(root)
    entries = []
    for path in sorted(root.glob("obj*__*.png"), key=lambda path: natural_key(path.stem)):
        name, _, angle = path.stem.partition("__")
        entries.append(Entry(path, name, name, int(angle) // 5))
    return ImageSets(_found(entries, root, "objN__ANGLE.png"), size)


def got10k(root: str | Path, size: int = 128, min_range: int = 4, seed: int = 0) -> ImageSets:
    """Reads GOT-10k's training videos for occlusion: of each, one random frame per level of cover, cut to its box.

    Of each video, ``groundtruth.txt`` has a line ``left,top,width,height`` per frame, ``cover.label`` an integer from 0
    (hidden) to 8 (visible), and ``meta_info.ini`` the ``object_class``. A video is a set; videos whose cover varies
    by less than ``min_range`` are left out, as in the released code (whose random frames are others).

    Huang, Zhao & Huang, "GOT-10k" (TPAMI 2021).

    Raises:
        ValueError: No video with enough occlusion, or labels that don't fit the frames.
    """
    root = Path(root)
    generator = torch.Generator().manual_seed(seed)
    entries = []
    for video in sorted(path.parent for path in root.glob("*/cover.label")):
        cover = [int(line) for line in (video / "cover.label").read_text().split()]
        boxes = [line.split(",") for line in (video / "groundtruth.txt").read_text().split()]
        if len(cover) != len(boxes):
            raise ValueError(f"{video} has {len(cover)} lines in cover.label and {len(boxes)} in groundtruth.txt")
        if max(cover) - min(cover) < min_range:
            continue
        class_name = _object_class(video / "meta_info.ini")
        for level in sorted(set(cover)):
            frames = [frame for frame, value in enumerate(cover) if value == level]
            frame = frames[int(torch.randint(0, len(frames), (1,), generator=generator))]
            left, top, width, height = (float(number) for number in boxes[frame])
            box = (left, top, left + width, top + height)
            entries.append(Entry(video / f"{frame + 1:08d}.jpg", class_name, video.name, level, box))
    return ImageSets(_found(entries, root, "VIDEO/cover.label"), size)


def pascal3d(
    root: str | Path, sets: Literal["instance", "instance and viewpoint"] = "instance", size: int = 224
) -> ImageSets:
    """Reads PASCAL3D+ (release 1.1): boxes of 12 classes with coarse azimuth and elevation.

    * "instance": a set is a class in one of 6 bins of azimuth (taken modulo 180°, so front and rear share one) and 3
      of elevation; its images are different instances.
    * "instance and viewpoint": a set has one image of each azimuth bin of a class, the i-th of each for the i-th set.

    Lists are ``Image_sets/CLASS_{imagenet_train,imagenet_val,pascal}.txt``, images ``Images/CLASS_SOURCE/``, poses and
    boxes ``Annotations/CLASS_SOURCE/NAME.mat``.

    Xiang, Mottaghi & Savarese, "Beyond PASCAL" (WACV 2014).

    Raises:
        ValueError: An unknown kind of sets, or no lists below ``root``.
    """
    if sets not in ("instance", "instance and viewpoint"):
        raise ValueError(f"sets is {sets!r}; it must be 'instance' or 'instance and viewpoint'")
    root = Path(root)
    entries = []
    for class_name in PASCAL3D_CLASSES:
        count: dict[int, int] = defaultdict(int)
        for path, annotation, number in _pascal3d_list(root, class_name):
            box, azimuth, elevation = _pascal3d_pose(annotation, number)
            around, high = int(azimuth % 180) // 30, int(elevation % 90) // 30
            name = f"azimuth {around} elevation {high}" if sets == "instance" else f"{count[around]:05d}"
            count[around] += 1
            entries.append(Entry(path, class_name, name, 0 if sets == "instance" else around, box))
    return ImageSets(_found(entries, root, "Image_sets/CLASS_imagenet_train.txt"), size)


def coco_boxes(annotations: str | Path, images: str | Path, size: int = 128, min_side: float = 32.0) -> ImageSets:
    """Reads the object boxes of a COCO-format annotation file as images of their own, labeled by category.

    The file is JSON with ``images`` (``id``, ``file_name``), ``annotations`` (``image_id``, ``category_id``, ``bbox``
    as left, top, width, height, optionally ``iscrowd``) and ``categories`` (``id``, ``name``). Crowds are left out.

    Args:
        annotations: The file, such as ``instances_train2017.json``.
        images: Folder of the image files.
        size: Side in pixels of the squares that boxes are resized to.
        min_side: Least side of a box in pixels; smaller ones are left out.

    Raises:
        ValueError: A file without these parts, an annotation of an unknown image or category, or no boxes.
    """
    content = json.loads(Path(annotations).read_text(encoding="utf-8"))
    for part in ("images", "annotations", "categories"):
        if part not in content:
            raise ValueError(f"{annotations} has no {part!r}; is it in COCO's format?")
    files = {image["id"]: Path(images) / image["file_name"] for image in content["images"]}
    names = {category["id"]: category["name"] for category in content["categories"]}
    entries = []
    for annotation in content["annotations"]:
        left, top, width, height = annotation["bbox"]
        if annotation.get("iscrowd") or min(width, height) < min_side:
            continue
        if annotation["image_id"] not in files or annotation["category_id"] not in names:
            raise ValueError(f"{annotations}: annotation {annotation.get('id')} is of an unknown image or category")
        file, name = files[annotation["image_id"]], names[annotation["category_id"]]
        entries.append(Entry(file, name, file.stem, 0, (left, top, left + width, top + height)))
    if not entries:
        raise ValueError(f"{annotations} has no boxes with sides of at least {min_side} pixels")
    return ImageSets(entries, size)


def _found(entries: list[Entry], root: Path, layout: str) -> list[Entry]:
    if not entries:
        raise ValueError(f"found nothing in {root}; expected files like {root / layout}")
    return entries


def _object_class(path: Path) -> str:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "object_class":
            return value.strip().replace(" ", "_")
    raise ValueError(f"{path} has no line 'object_class: …'")


def _pascal3d_list(root: Path, class_name: str) -> list[tuple[Path, Path, int]]:
    """Lists (image, annotation, number of the object in it) of a class."""
    found = []
    for source, part, suffix in (("imagenet", "_train", "JPEG"), ("imagenet", "_val", "JPEG"), ("pascal", "", "jpg")):
        listing = root / "Image_sets" / f"{class_name}_{source}{part}.txt"
        if not listing.is_file():
            continue
        for line in listing.read_text().splitlines():
            name, _, number = line.partition(" ")
            folder = f"{class_name}_{source}"
            image, annotation = root / "Images" / folder / name, root / "Annotations" / folder / name
            # PASCAL's lists name the object of the image, counting from 0; ImageNet's images have one.
            found.append((image.with_name(f"{name}.{suffix}"), annotation.with_name(f"{name}.mat"), int(number or 0)))
    return found


def _pascal3d_pose(path: Path, number: int) -> tuple[Box, float, float]:
    from scipy.io import loadmat  # here, so that the other sets don't load it

    thing = loadmat(str(path), struct_as_record=False)["record"][0, 0].objects[0, number]
    view = thing.viewpoint[0, 0]
    left, top, right, bottom = (float(edge) for edge in thing.bbox[0])
    return (left, top, right, bottom), float(view.azimuth_coarse[0, 0]), float(view.elevation_coarse[0, 0])
