"""Image sets of rendered solids: the ground truth of viewpoint, light and instance is known."""

from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.data import ArrayDataset
from vision.synthesis.solids.render import Solids, over, render
from vision.synthesis.solids.shapes import SOLIDS

Varying = Literal["viewpoint", "illumination direction", "illumination color", "instance", "instance and viewpoint"]
VARYING: tuple[Varying, ...] = (
    "viewpoint",
    "illumination direction",
    "illumination color",
    "instance",
    "instance and viewpoint",
)
GRAY = 0.5


def solid_sets(
    varying: Varying,
    sets_per_class: int = 20,
    images_per_set: int = 12,
    size: int = 32,
    backgrounds: Tensor | None = None,
    seed: int = 0,
) -> ArrayDataset:
    """Sets in which one property varies and the others are held; classes are the shapes.

    * viewpoint: a solid from azimuths all around, at one elevation, the light fixed to the camera (ALOI's ``view``);
    * illumination direction: a solid in one pose, lit from azimuths between −80° and 80° (ALOI's ``ill``);
    * illumination color: a solid in one pose, lit from reddish to bluish (ALOI's ``col``);
    * instance: solids of other colors and proportions in one pose (PASCAL3D+, viewpoint constant);
    * instance and viewpoint: other solids, each from another azimuth (PASCAL3D+, viewpoint changing).

    Args:
        varying: what a set varies.
        sets_per_class: sets for each of the shapes.
        images_per_set: images in a set, at least 3.
        size: of the images in pixels.
        backgrounds: ``(num, 3, size, size)`` in [0, 1], one of them drawn for every *image*, so that no background
            gives its set away; None is gray.
        seed: of everything that is drawn.

    Returns:
        float images ``(8 · sets_per_class · images_per_set, 3, size, size)`` in [0, 1] with the labels "class",
        "set" and "level".

    Raises:
        ValueError: an unknown ``varying``, fewer than 3 images a set, or backgrounds of another size.
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
    images = over(color, coverage, _behind(backgrounds, len(color), generator))
    return ArrayDataset(images, {"class": classes[sets], "set": sets, "level": levels})


def _vary(solids: Solids, varying: Varying, levels: Tensor, num_levels: int, generator: Generator) -> Solids:
    step = levels.float() / num_levels
    if varying == "viewpoint":
        return solids.but(azimuth=solids.azimuth + 360 * step)
    if varying == "illumination direction":
        around = -80 + 160 * levels / (num_levels - 1)
        return solids.but(light=torch.stack([around, solids.light[:, 1]], dim=1))
    if varying == "illumination color":
        warmth = (2 * levels / (num_levels - 1) - 1)[:, None]
        tint = torch.cat([1 + 0.4 * warmth, torch.ones_like(warmth), 1 - 0.4 * warmth], dim=1)
        return solids.but(light_color=tint)
    others = Solids.draw(solids.shape, generator)
    instances = solids.but(proportions=others.proportions, colors=others.colors, bands=others.bands)
    if varying == "instance":
        return instances
    return instances.but(azimuth=solids.azimuth + 360 * step)


def _behind(backgrounds: Tensor | None, num: int, generator: Generator) -> Tensor | float:
    if backgrounds is None:
        return torch.tensor(GRAY)
    return backgrounds[torch.randint(0, len(backgrounds), (num,), generator=generator)]
