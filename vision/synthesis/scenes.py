"""Scenes of several objects on photographs, with boxes: what object-centric data sets leave out."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Count, FractionBelowOne, Pixels, Seed, SmallCount
from viewlearn.data import ArrayDataset, Data, DataSpec, Split, in_memory
from viewlearn.sampling import subset
from vision.data.cifar import CIFAR10, SIZE
from vision.data.image_data import float_statistics
from vision.resize import resized
from vision.synthesis.photographs import background_crops

SCENE_SIZE = 3 * SIZE  # pixels: nine cells for CIFAR-10's images
NUM_MEASURED = 4096  # images that mean and standard deviation are measured on


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
        """Cuts every object out along its box, as an image of its own: the object-centric version of the scenes."""
        num_scenes, num_objects = self.labels.shape
        x = torch.empty(num_scenes * num_objects, 3, size, size, dtype=torch.uint8)
        for k, box in enumerate(self.boxes.flatten(0, 1).tolist()):
            left, top, right, bottom = (round(edge) for edge in box)
            x[k] = resized(self.images[k // num_objects][None, :, top:bottom, left:right], size)[0]
        return ArrayDataset(x, {"object": self.labels.flatten()})


def compose_scenes(
    objects: Tensor,
    labels: Tensor,
    num_scenes: int,
    num_objects: int = 4,
    size: int = SCENE_SIZE,
    seed: int = 0,
    one_class: bool = False,
) -> Scenes:
    """Puts random objects into the cells of a grid over crops of photographs, each at a random place of its cell.

    Args:
        objects: uint8 ``(num, 3, side, side)``.
        labels: Their classes ``(num,)``.
        num_scenes: Number of scenes.
        num_objects: Number of objects in each, at most the number of cells of ``side`` pixels.
        size: Side of a scene in pixels.
        seed: Seed of which objects, where, and on what.
        one_class: Whether all objects of a scene are of one class, so that the scene has a label too.

    Raises:
        ValueError: More objects than cells.
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
        chosen = _of_first_class(chosen, labels, generator)
    cells = torch.rand(num_scenes, per_row**2, generator=generator).argsort(1)[:, :num_objects]
    cell = size // per_row
    free = torch.rand(num_scenes, num_objects, 2, generator=generator) * (cell - side)
    corners = torch.stack([cells % per_row, cells // per_row], dim=2) * cell + free.round().long()
    for scene in range(num_scenes):
        for k, (x, y) in enumerate(corners[scene].tolist()):
            images[scene, :, y : y + side, x : x + side] = objects[chosen[scene, k]]
    boxes = torch.cat([corners, corners + side], dim=2).float()
    return Scenes(images, boxes, labels[chosen])


def _of_first_class(chosen: Tensor, labels: Tensor, generator: Generator) -> Tensor:
    """Draws objects of the class that each scene's first one has: ``(num_scenes, num_objects)`` indices."""
    by_class = labels.argsort(stable=True)
    counts = labels.bincount()
    of_scene = labels[chosen[:, 0]]
    position = torch.rand(chosen.shape, generator=generator) * counts[of_scene][:, None]
    return by_class[(counts.cumsum(0) - counts)[of_scene][:, None] + position.long()]


class SceneData(Data):
    """The data set bias of contrastive learning, at a scale that a CPU runs: three ways to pre-train on one world.

    * "objects": CIFAR-10's images as they are;
    * "scenes": several of them on a photograph, where two crops rarely show the same object;
    * "crops": the same scenes' objects, cut out along their boxes.

    All three have ``num_train`` samples to pre-train on and the same size in pixels. Two tasks are evaluated, the same
    for all three: ``object``, on CIFAR-10's images, and ``scene``, on scenes whose objects are all of one class (so
    that a scene has one label; the paper's scenes, PASCAL VOC's, have several). Each split has as many images of one
    kind as of the other; training scenes and test scenes are composed of training and test images.

    Args:
        root: Folder of CIFAR-10, see ``CIFAR10``.
        pretrain_on: One of the three ways.
        num_train: Number of samples to pre-train on.
        num_labeled: Number of images of each task that probes are fitted on; a quarter as many validate, half as many
            test.
        num_objects: Number of objects in a scene.
        size: Side in pixels that everything is resized to.
        limit: Number of CIFAR-10's training images that this world is made of.
        validation_fraction: Fraction of CIFAR-10's training images that is held out, in [0, 1).
        seed: Seed of the scenes.

    Raises:
        ValueError: An unknown ``pretrain_on``, more objects than cells, or fewer images than asked for.

    Purushwalkam & Gupta (NeurIPS 2020), section 4: ImageNet, full scenes of COCO, and COCO's boxes.
    """

    def __init__(
        self,
        root: str,
        pretrain_on: Literal["objects", "scenes", "crops"] = "scenes",
        num_train: Count = 10000,
        num_labeled: Count = 8000,
        num_objects: SmallCount = 4,
        size: Pixels = 32,
        limit: Count = 20000,
        validation_fraction: FractionBelowOne = 0.1,
        seed: Seed = 0,
    ):
        if num_train > limit:
            raise ValueError(f"num_train is {num_train}, more than the {limit} images of CIFAR-10 (limit)")
        self.cifar = CIFAR10(root, limit=limit, validation_fraction=validation_fraction)
        self.pretrain_on, self.num_train, self.num_labeled = pretrain_on, num_train, num_labeled
        self.num_objects, self.size, self.seed = num_objects, size, seed
        self._splits: dict[Split, ArrayDataset] = {}

    @cached_property
    def spec(self) -> DataSpec:
        mean, std = float_statistics(self.pretraining().x[:NUM_MEASURED])
        shape = (3, self.size, self.size)
        tasks = {"object": self.cifar.tasks["object"], "scene": self.cifar.tasks["object"]}
        return DataSpec(shape, tasks, mean, std, len(self.pretraining()), value_range=(0.0, 1.0))

    def split(self, name: Split) -> ArrayDataset:
        if name not in self._splits:
            x, labels = self._shuffled(name)
            number = min(len(x), self.num_labeled // {"train": 1, "validation": 4, "test": 2}[name])
            seed = 3 * self.seed + ("train", "validation", "test").index(name) + 1_000_003
            scenes = compose_scenes(x, labels, number, self.num_objects, SCENE_SIZE, seed, one_class=True)
            both = torch.cat([resized(x[:number], self.size), resized(scenes.images, self.size)])
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
            return ArrayDataset(resized(x[: self.num_train], self.size))
        num_scenes = self.num_train if self.pretrain_on == "scenes" else -(-self.num_train // self.num_objects)
        scenes = compose_scenes(x, labels, num_scenes, self.num_objects, SCENE_SIZE, self.seed)
        if self.pretrain_on == "scenes":
            return ArrayDataset(resized(scenes.images, self.size))
        return ArrayDataset(scenes.crops(self.size).x[: self.num_train])

    def _shuffled(self, name: Split) -> tuple[Tensor, Tensor]:
        """A split of CIFAR-10 in random order: files come class by class, and any part of them should have all."""
        data = in_memory(self.cifar.split(name))
        order = subset(len(data), len(data), self.seed)
        return data.x[order], data.labels["object"][order]
