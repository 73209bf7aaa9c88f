"""Scenes of several objects on photographs, with boxes: what object-centric data sets leave out."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Data, DataSpec, Split
from vision.datasets.cifar import CIFAR10
from vision.image_sets import Entry, ImageSets
from vision.video.data import background_crops, shrunk

SIDE = 32  # pixels of CIFAR's images


@dataclass(frozen=True)
class Scenes:
    """Composed scenes and what is in them.

    Args:
        images: uint8 ``(num_scenes, 3, size, size)``.
        boxes: ``(num_scenes, num_objects, 4)`` left, top, right, bottom in pixels.
        labels: ``(num_scenes, num_objects)`` int64.
    """

    images: Tensor
    boxes: Tensor
    labels: Tensor

    def crops(self, size: int) -> ArrayDataset:
        """Every object cut out along its box, as an image of its own: the object-centric version of the same scenes."""
        num_scenes, num_objects = self.labels.shape
        x = torch.empty(num_scenes * num_objects, 3, size, size, dtype=torch.uint8)
        for k, box in enumerate(self.boxes.flatten(0, 1).tolist()):
            left, top, right, bottom = (round(edge) for edge in box)
            x[k] = shrunk(self.images[k // num_objects][:, top:bottom, left:right], size)
        return ArrayDataset(x, {"object": self.labels.flatten()})


def compose_scenes(
    objects: Tensor, labels: Tensor, num_scenes: int, num_objects: int = 4, size: int = 96, seed: int = 0
) -> Scenes:
    """Puts random objects into the cells of a grid over crops of photographs, each at a random place of its cell.

    Args:
        objects: uint8 ``(num, 3, side, side)``.
        labels: ``(num,)`` their classes.
        num_scenes: how many scenes.
        num_objects: in each, at most as many as there are cells of ``side`` pixels.
        size: of a scene in pixels.
        seed: of which objects, where, and on what.

    Raises:
        ValueError: more objects than cells.
    """
    side = objects.shape[-1]
    per_row = size // side
    if not 0 < num_objects <= per_row**2:
        raise ValueError(f"num_objects is {num_objects}; a scene of {size} pixels has {per_row**2} cells of {side}")
    generator = torch.Generator().manual_seed(seed)
    images = (background_crops(min(num_scenes, 256), size, seed) * 255).round().to(torch.uint8)
    images = images[torch.arange(num_scenes) % len(images)].clone()
    chosen = torch.randint(0, len(objects), (num_scenes, num_objects), generator=generator)
    cells = torch.rand(num_scenes, per_row**2, generator=generator).argsort(1)[:, :num_objects]
    cell = size // per_row
    free = torch.rand(num_scenes, num_objects, 2, generator=generator) * (cell - side)
    corners = torch.stack([cells % per_row, cells // per_row], dim=2) * cell + free.round().long()
    for scene in range(num_scenes):
        for k, (x, y) in enumerate(corners[scene].tolist()):
            images[scene, :, y : y + side, x : x + side] = objects[chosen[scene, k]]
    boxes = torch.cat([corners, corners + side], dim=2).float()
    return Scenes(images, boxes, labels[chosen])


class SceneData(Data):
    """The data set bias of contrastive learning, at a scale that a CPU runs: three ways to pre-train on one world.

    * "objects": CIFAR-10's images as they are;
    * "scenes": several of them on a photograph, where two crops rarely show the same object;
    * "crops": the same scenes' objects, cut out along their boxes.

    All three have ``num_train`` samples to pre-train on and the same size in pixels. The splits for evaluation are
    CIFAR-10's images, task ``object``: can what was learned tell objects apart? Scenes are composed of training images
    only.

    Args:
        root: of CIFAR-10, see ``CIFAR10``.
        pretrain_on: one of the three.
        num_train: samples to pre-train on.
        num_objects: in a scene.
        size: that everything is resized to, in pixels.
        seed: of the scenes.

    Raises:
        ValueError: an unknown ``pretrain_on``, or more objects than cells.

    Purushwalkam & Gupta (NeurIPS 2020), section 4: ImageNet, full scenes of COCO, and COCO's boxes.
    """

    def __init__(
        self,
        root: str,
        pretrain_on: Literal["objects", "scenes", "crops"] = "scenes",
        num_train: int = 10000,
        num_objects: int = 4,
        size: int = 32,
        seed: int = 0,
    ):
        if pretrain_on not in ("objects", "scenes", "crops"):
            raise ValueError(f"pretrain_on is {pretrain_on!r}; it must be 'objects', 'scenes' or 'crops'")
        self.cifar = CIFAR10(root)
        self.pretrain_on, self.num_train, self.num_objects = pretrain_on, num_train, num_objects
        self.size_, self.seed = size, seed

    @cached_property
    def spec(self) -> DataSpec:
        x = self.pretraining().x[:4096].float() / 255
        mean, std = x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))
        shape = (3, self.size_, self.size_)
        statistics = tuple(mean.tolist()), tuple(std.tolist())
        return DataSpec(shape, self.cifar.tasks, *statistics, len(self.pretraining()), value_range=(0.0, 1.0))

    def split(self, name: Split) -> ArrayDataset:
        return self._resized(self.cifar.split(name))

    def pretraining(self) -> ArrayDataset:
        return self._pretraining

    @cached_property
    def _pretraining(self) -> ArrayDataset:
        objects = self.cifar.split("train")
        if self.pretrain_on == "objects":
            return self._resized(ArrayDataset(objects.x[: self.num_train]))
        num_scenes = self.num_train if self.pretrain_on == "scenes" else -(-self.num_train // self.num_objects)
        scenes = compose_scenes(objects.x, objects.labels["object"], num_scenes, self.num_objects, 3 * SIDE, self.seed)
        if self.pretrain_on == "scenes":
            return self._resized(ArrayDataset(scenes.images))
        return ArrayDataset(scenes.crops(self.size_).x[: self.num_train])

    def _resized(self, data: ArrayDataset) -> ArrayDataset:
        if data.x.shape[-1] == self.size_:
            return data
        return ArrayDataset(torch.stack([shrunk(x, self.size_) for x in data.x]), data.labels)


def coco_boxes(annotations: str | Path, images: str | Path, size: int = 128, min_side: float = 32.0) -> ImageSets:
    """Object boxes of a COCO-format annotation file as images of their own, labelled by category.

    The file is JSON with ``images`` (``id``, ``file_name``), ``annotations`` (``image_id``, ``category_id``, ``bbox``
    as left, top, width, height, optionally ``iscrowd``) and ``categories`` (``id``, ``name``). Crowds are left out.

    Args:
        annotations: the file, such as ``instances_train2017.json``.
        images: folder of the image files.
        size: of the squares that boxes are resized to.
        min_side: boxes with a shorter side, in pixels, are left out.

    Raises:
        ValueError: a file without these parts, an annotation of an unknown image or category, or no boxes.
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
