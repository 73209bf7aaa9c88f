"""Transformations of images at a known strength, for synthetic sets and invariance curves."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from viewlearn.evaluation.invariance import EntryVariation, Variation, setting
from viewlearn.views import Params, View, draw
from vision.views import ColorJitter, Erasing
from vision.views.checks import check_images


class Similarity(View):
    """Rotates and scales images about their center; what lies outside mirrors the inside.

    Parameters: ``angle`` (batch,) in degrees, counter-clockwise, drawn from [−180, 180); ``scale`` (batch,), how much
    larger things become, drawn log-uniformly from [1/2, 2].
    """

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "angle": draw.uniform(x, -180.0, 180.0, generator),
            "scale": draw.uniform(x, -math.log(2), math.log(2), generator).exp(),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        height, width = x.shape[-2:]
        angle, scale = params["angle"].to(x.dtype).deg2rad(), params["scale"].to(x.dtype)
        cosine, sine, zero = angle.cos() / scale, angle.sin() / scale, torch.zeros_like(angle)
        # From output to input places, in units of half the width and half the height; y points down.
        rows = [cosine, -sine * (height / width), zero, sine * (width / height), cosine, zero]
        theta = torch.stack(rows, dim=1).view(-1, 2, 3)
        grid = functional.affine_grid(theta, list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


class Illumination(View):
    """Lights images from a side with a colored light: y = clamp(x · gain · (1 + slope · (d · p))).

    p is the place in [−1, 1]², d the unit vector of the direction. This is a multiplicative model on pixel values: it
    has no shadows and knows no shape; for both see the rendered solids.

    Parameters, all (batch,): ``direction`` in degrees, drawn from [−180, 180); ``slope``, drawn from [0, 0.8);
    ``warmth``, drawn from [−1, 1): red gains and blue loses 30 % per unit; ``exposure``, drawn from [0.5, 1.5).
    """

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "direction": draw.uniform(x, -180.0, 180.0, generator),
            "slope": draw.uniform(x, 0.0, 0.8, generator),
            "warmth": draw.uniform(x, -1.0, 1.0, generator),
            "exposure": draw.uniform(x, 0.5, 1.5, generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x, channels=3)
        direction, slope, warmth, exposure = (
            params[name].to(x.dtype) for name in ("direction", "slope", "warmth", "exposure")
        )
        height, width = x.shape[-2:]
        across = torch.linspace(-1, 1, width, device=x.device, dtype=x.dtype)
        down = torch.linspace(-1, 1, height, device=x.device, dtype=x.dtype)
        radians = direction.deg2rad()[:, None, None]
        ramp = 1 + slope[:, None, None] * (radians.cos() * across + radians.sin() * down[:, None])
        gain = torch.stack([1 + 0.3 * warmth, torch.ones_like(warmth), 1 - 0.3 * warmth], dim=1)
        return (x * (exposure[:, None] * gain)[:, :, None, None] * ramp.clamp(min=0)[:, None]).clamp(0, 1)


def _occlude(params: Params, side: float) -> Params:
    """A square of ``side`` (a fraction of the image's), at the place that the drawn box stands for."""
    drawn = params["box"]
    free = (1 - drawn[:, 2:]).clamp(min=1e-6)
    place = (drawn[:, :2] / free).clamp(0, 1)
    return {**params, "box": torch.cat([place * (1 - side), torch.full_like(place, side)], dim=1)}


def _steps(low: float, high: float, num: int) -> tuple[float, ...]:
    return tuple(low + (high - low) * k / (num - 1) for k in range(num))


def synthetic_variations() -> dict[str, tuple[Variation, tuple[float, ...], float]]:
    """``{name: (variation, its values, the value that changes nothing)}``, for ``vary`` and ``invariance_curve``.

    * occlusion: side of a gray square at a place of each image's own, as a fraction of the image's side;
    * rotation: degrees; hue: turns; saturation: factor; scale: factor;
    * illumination direction: degrees, of a ramp of slope 0.6, beside a value that would change nothing there is none,
      so 0 stands in; illumination color: warmth; exposure: factor.
    """
    hue = dict.fromkeys(("brightness", "contrast", "saturation"), 1.0)
    saturation = {"brightness": 1.0, "contrast": 1.0, "hue": 0.0}
    color = ColorJitter()
    light = Illumination()
    evenly = {"direction": 0.0, "slope": 0.0}
    sides = {"warmth": 0.0, "exposure": 1.0, "slope": 0.6}
    return {
        "occlusion": (EntryVariation(Erasing(value=0.5), _occlude), _steps(0.0, 0.7, 8), 0.0),
        "rotation": (EntryVariation(Similarity(), setting("angle", scale=1.0)), _steps(-90.0, 90.0, 9), 0.0),
        "hue": (EntryVariation(color, setting("hue", **hue)), _steps(-0.5, 0.375, 8), 0.0),
        "saturation": (EntryVariation(color, setting("saturation", **saturation)), _steps(0.0, 2.0, 9), 1.0),
        "illumination direction": (EntryVariation(light, setting("direction", **sides)), _steps(-180.0, 135.0, 8), 0.0),
        "illumination color": (
            EntryVariation(light, setting("warmth", exposure=1.0, **evenly)),
            _steps(-1.0, 1.0, 9),
            0.0,
        ),
        "exposure": (EntryVariation(light, setting("exposure", warmth=0.0, **evenly)), _steps(0.4, 1.6, 9), 1.0),
        "scale": (
            EntryVariation(Similarity(), setting("scale", angle=0.0)),
            (0.5, 0.6, 0.75, 1.0, 1.25, 1.6, 2.0),
            1.0,
        ),
    }
