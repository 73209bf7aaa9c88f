"""Scenes of several objects on photographs, with boxes: what object-centric data sets leave out."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.nn import functional

from viewlearn.data import ArrayDataset, Data, DataSpec, Split
from viewlearn.sampling import subset
from vision.data.cifar import CIFAR10
from vision.image_sets.sets import Entry, ImageSets
from vision.video.backgrounds import background_crops, shrunk

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
    objects: Tensor,
    labels: Tensor,
    num_scenes: int,
    num_objects: int = 4,
    size: int = 96,
    seed: int = 0,
    one_class: bool = False,
) -> Scenes:
    """Puts random objects into the cells of a grid over crops of photographs, each at a random place of its cell.

    Args:
        objects: uint8 ``(num, 3, side, side)``.
        labels: ``(num,)`` their classes.
        num_scenes: how many scenes.
        num_objects: in each, at most as many as there are cells of ``side`` pixels.
        size: of a scene in pixels.
        seed: of which objects, where, and on what.
        one_class: whether all objects of a scene are of one class, so that the scene has a label too.

    Raises:
        ValueError: more objects than cells.
    """
    side = objects.shape[-1]
    per_row = size // side
    if not 0 < num_objects <= per_row**2:
        raise ValueError(f"num_objects is {num_objects}; a scene of {size} pixels has {per_row**2} cells of {side}")
    generator = torch.Generator().manual_seed(seed)
    backgrounds = (background_crops(min(num_scenes, 256), size, seed) * 255).round().to(torch.uint8)
    images = backgrounds[torch.arange(num_scenes) % len(backgrounds)]
    chosen = torch.randint(0, len(objects), (num_scenes, num_objects), generator=generator)
    if one_class:
        chosen = _alike(chosen, labels, generator)
    cells = torch.rand(num_scenes, per_row**2, generator=generator).argsort(1)[:, :num_objects]
    cell = size // per_row
    free = torch.rand(num_scenes, num_objects, 2, generator=generator) * (cell - side)
    corners = torch.stack([cells % per_row, cells // per_row], dim=2) * cell + free.round().long()
    for scene in range(num_scenes):
        for k, (x, y) in enumerate(corners[scene].tolist()):
            images[scene, :, y : y + side, x : x + side] = objects[chosen[scene, k]]
    boxes = torch.cat([corners, corners + side], dim=2).float()
    return Scenes(images, boxes, labels[chosen])


def _alike(chosen: Tensor, labels: Tensor, generator: Generator) -> Tensor:
    """Objects of the class that each row's first one has: ``(num_scenes, num_objects)`` indices."""
    by_class = labels.argsort(stable=True)
    counts = labels.bincount()
    of_scene = labels[chosen[:, 0]]
    place = torch.rand(chosen.shape, generator=generator) * counts[of_scene][:, None]
    return by_class[(counts.cumsum(0) - counts)[of_scene][:, None] + place.long()]


class SceneData(Data):
    """The data set bias of contrastive learning, at a scale that a CPU runs: three ways to pre-train on one world.

    * "objects": CIFAR-10's images as they are;
    * "scenes": several of them on a photograph, where two crops rarely show the same object;
    * "crops": the same scenes' objects, cut out along their boxes.

    All three have ``num_train`` samples to pre-train on and the same size in pixels. Two tasks are evaluated, the same
    for all three: ``object``, on CIFAR-10's images, and ``scene``, on scenes of which all objects are of one class
    (so that a scene has one label; the paper's scenes, PASCAL VOC's, have several). Each split has as many images of
    one kind as of the other; training scenes and test scenes are composed of training and test images.

    Args:
        root: of CIFAR-10, see ``CIFAR10``.
        pretrain_on: one of the three.
        num_train: samples to pre-train on.
        num_labeled: images of each task that probes are fitted on; a quarter as many validate, half as many test.
        num_objects: in a scene.
        size: that everything is resized to, in pixels.
        limit: Number of CIFAR-10's training images that this world is made of.
        validation_fraction: Fraction of CIFAR-10's training images that is held out, in [0, 1).
        seed: of the scenes.

    Raises:
        ValueError: an unknown ``pretrain_on``, more objects than cells, or fewer images than asked for.

    Purushwalkam & Gupta (NeurIPS 2020), section 4: ImageNet, full scenes of COCO, and COCO's boxes.
    """

    def __init__(
        self,
        root: str,
        pretrain_on: Literal["objects", "scenes", "crops"] = "scenes",
        num_train: int = 10000,
        num_labeled: int = 8000,
        num_objects: int = 4,
        size: int = 32,
        limit: int = 20000,
        validation_fraction: float = 0.1,
        seed: int = 0,
    ):
        if pretrain_on not in ("objects", "scenes", "crops"):
            raise ValueError(f"pretrain_on is {pretrain_on!r}; it must be 'objects', 'scenes' or 'crops'")
        if num_train > limit:
            raise ValueError(f"num_train is {num_train}; of {limit} images (limit) there are no more to pre-train on")
        self.cifar = CIFAR10(root, limit=limit, validation_fraction=validation_fraction)
        self.pretrain_on, self.num_train, self.num_labeled = pretrain_on, num_train, num_labeled
        self.num_objects, self.size_, self.seed = num_objects, size, seed
        self._splits: dict[str, ArrayDataset] = {}

    @cached_property
    def spec(self) -> DataSpec:
        x = self.pretraining().x[:4096].float() / 255
        mean, std = x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))
        shape = (3, self.size_, self.size_)
        tasks = {"object": self.cifar.tasks["object"], "scene": self.cifar.tasks["object"]}
        statistics = tuple(mean.tolist()), tuple(std.tolist())
        return DataSpec(shape, tasks, *statistics, len(self.pretraining()), value_range=(0.0, 1.0))

    def split(self, name: Split) -> ArrayDataset:
        if name not in self._splits:
            x, labels = self._shuffled(name)
            number = min(len(x), self.num_labeled // {"train": 1, "validation": 4, "test": 2}[name])
            seed = 3 * self.seed + ("train", "validation", "test").index(name) + 1_000_003
            scenes = compose_scenes(x, labels, number, self.num_objects, 3 * SIDE, seed, one_class=True)
            both = torch.cat([_resized(x[:number], self.size_), _resized(scenes.images, self.size_)])
            unlabeled = torch.full((number,), -1)
            object_, scene = torch.cat([labels[:number], unlabeled]), torch.cat([unlabeled, scenes.labels[:, 0]])
            self._splits[name] = ArrayDataset(both, {"object": object_, "scene": scene})
        return self._splits[name]

    def pretraining(self) -> ArrayDataset:
        return self._pretraining

    @cached_property
    def _pretraining(self) -> ArrayDataset:
        x, labels = self._shuffled("train")
        if self.pretrain_on == "objects":
            return ArrayDataset(_resized(x[: self.num_train], self.size_))
        num_scenes = self.num_train if self.pretrain_on == "scenes" else -(-self.num_train // self.num_objects)
        scenes = compose_scenes(x, labels, num_scenes, self.num_objects, 3 * SIDE, self.seed)
        if self.pretrain_on == "scenes":
            return ArrayDataset(_resized(scenes.images, self.size_))
        return ArrayDataset(scenes.crops(self.size_).x[: self.num_train])

    def _shuffled(self, name: Split) -> tuple[Tensor, Tensor]:
        """A split of CIFAR-10 in random order: files come class by class, and a part of them has to have all."""
        data = self.cifar.split(name)
        order = subset(len(data), len(data), self.seed)
        return data.x[order], data.labels["object"][order]


def _resized(x: Tensor, size: int) -> Tensor:
    """uint8 images ``(num, 3, side, side)`` as squares of ``size`` pixels."""
    if x.shape[-1] == size:
        return x
    chunks = [
        functional.interpolate(part.float(), (size, size), mode="bilinear", antialias=True) for part in x.split(512)
    ]
    return torch.cat([chunk.round().clamp(0, 255).to(torch.uint8) for chunk in chunks])


def coco_boxes(annotations: str | Path, images: str | Path, size: int = 128, min_side: float = 32.0) -> ImageSets:
    """Object boxes of a COCO-format annotation file as images of their own, labeled by category.

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
