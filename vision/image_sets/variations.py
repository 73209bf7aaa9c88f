"""Ready-made variations of images at known strengths, for synthetic sets and invariance curves."""

import torch

from viewlearn.evaluation.invariance import EntryVariation, Variation, setting
from viewlearn.views import Params
from vision.image_sets.views import Illumination, RotateAndScale
from vision.views import ColorJitter, Erasing


def _occlude(params: Params, side: float) -> Params:
    """Replaces the drawn boxes by squares of one ``side`` (a fraction of the image's), at corresponding places."""
    drawn = params["box"]
    free = (1 - drawn[:, 2:]).clamp(min=1e-6)
    place = (drawn[:, :2] / free).clamp(0, 1)
    return {**params, "box": torch.cat([place * (1 - side), torch.full_like(place, side)], dim=1)}


def _steps(low: float, high: float, num: int) -> tuple[float, ...]:
    return tuple(low + (high - low) * k / (num - 1) for k in range(num))


def synthetic_variations() -> dict[str, tuple[Variation, tuple[float, ...], float]]:
    """``{name: (variation, its values, the value that changes nothing)}``, for ``vary`` and ``invariance_curve``.

    * occlusion: side of a gray square, as a fraction of the image's side, at a place of each image's own;
    * rotation: degrees; hue: turns; saturation: factor; scale: factor;
    * illumination direction: degrees, of a ramp of slope 0.6; no direction changes nothing, so 0 stands in;
    * illumination color: warmth; exposure: factor.
    """
    hue = dict.fromkeys(("brightness", "contrast", "saturation"), 1.0)
    saturation = {"brightness": 1.0, "contrast": 1.0, "hue": 0.0}
    color = ColorJitter()
    light = Illumination()
    evenly = {"direction": 0.0, "slope": 0.0}
    sides = {"warmth": 0.0, "exposure": 1.0, "slope": 0.6}
    return {
        "occlusion": (EntryVariation(Erasing(value=0.5), _occlude), _steps(0.0, 0.7, 8), 0.0),
        "rotation": (EntryVariation(RotateAndScale(), setting("angle", scale=1.0)), _steps(-90.0, 90.0, 9), 0.0),
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
            EntryVariation(RotateAndScale(), setting("scale", angle=0.0)),
            (0.5, 0.6, 0.75, 1.0, 1.25, 1.6, 2.0),
            1.0,
        ),
    }
