"""Image sets of rendered solids: the ground truth of viewpoint, light and instance is known."""

from dataclasses import replace
from typing import Literal, get_args

import torch
from torch import Generator, Tensor

from viewlearn.data import ArrayDataset
from vision.synthesis.solids.render import Solids, in_front_of, render
from vision.synthesis.solids.shapes import SOLIDS

Varying = Literal["viewpoint", "illumination direction", "illumination color", "instance", "instance and viewpoint"]
VARYING: tuple[Varying, ...] = get_args(Varying)
BACKGROUND = 0.5  # gray, where no backgrounds are given


def solid_sets(
    varying: Varying,
    sets_per_class: int = 20,
    images_per_set: int = 12,
    size: int = 32,
    backgrounds: Tensor | None = None,
    seed: int = 0,
) -> ArrayDataset:
    """Renders sets in which one property varies and the others are held; the classes are the shapes.

    * viewpoint: a solid from azimuths all around, at one elevation, the light fixed to the camera (ALOI's ``view``);
    * illumination direction: a solid in one pose, lit from azimuths between −80° and 80° (ALOI's ``ill``);
    * illumination color: a solid in one pose, lit from reddish to bluish (ALOI's ``col``);
    * instance: solids of other colors and proportions in one pose (PASCAL3D+, viewpoint constant);
    * instance and viewpoint: other solids, each from another azimuth (PASCAL3D+, viewpoint changing).

    Args:
        varying: What varies within a set.
        sets_per_class: Number of sets for each of the shapes.
        images_per_set: Number of images in a set, at least 3.
        size: Side of the images in pixels.
        backgrounds: ``(num, 3, size, size)`` in [0, 1], one of them drawn for every *image*, so that no background
            gives its set away; gray by default.
        seed: Seed of all random draws.

    Returns:
        Float images ``(8 · sets_per_class · images_per_set, 3, size, size)`` in [0, 1] with the labels "class",
        "set" and "level".

    Raises:
        ValueError: An unknown ``varying``, fewer than 3 images a set, or backgrounds of another size.
    """
    if varying not in VARYING:
        raise ValueError(f"varying is {varying!r}; it must be one of: {', '.join(VARYING)}")
    if images_per_set < 3:
        raise ValueError(f"images_per_set is {images_per_set}; a set needs at least 3")
    if backgrounds is not None and backgrounds.shape[1:] != (3, size, size):
        raise ValueError(f"backgrounds have shape {tuple(backgrounds.shape)}; they must be (num, 3, {size}, {size})")
    generator = torch.Generator().manual_seed(seed)
    classes = torch.arange(len(SOLIDS)).repeat_interleave(sets_per_class)
    sets = torch.arange(len(classes)).repeat_interleave(images_per_set)
    levels = torch.arange(images_per_set).repeat(len(classes))
    solids = _vary(Solids.draw(classes, generator)[sets], varying, levels, images_per_set, generator)
    color, coverage = render(solids, size)
    images = in_front_of(_backgrounds(backgrounds, len(color), generator), color, coverage)
    return ArrayDataset(images, {"class": classes[sets], "set": sets, "level": levels})


def _vary(solids: Solids, varying: Varying, levels: Tensor, num_levels: int, generator: Generator) -> Solids:
    step = levels.float() / num_levels
    if varying == "viewpoint":
        return replace(solids, azimuth=solids.azimuth + 360 * step)
    if varying == "illumination direction":
        around = -80 + 160 * levels / (num_levels - 1)
        return replace(solids, light=torch.stack([around, solids.light[:, 1]], dim=1))
    if varying == "illumination color":
        warmth = (2 * levels / (num_levels - 1) - 1)[:, None]
        tint = torch.cat([1 + 0.4 * warmth, torch.ones_like(warmth), 1 - 0.4 * warmth], dim=1)
        return replace(solids, light_color=tint)
    others = Solids.draw(solids.shape, generator)
    instances = replace(solids, proportions=others.proportions, colors=others.colors, bands=others.bands)
    if varying == "instance":
        return instances
    return replace(instances, azimuth=solids.azimuth + 360 * step)


def _backgrounds(backgrounds: Tensor | None, num: int, generator: Generator) -> Tensor | float:
    if backgrounds is None:
        return BACKGROUND
    return backgrounds[torch.randint(0, len(backgrounds), (num,), generator=generator)]
