"""Views whose parameters are the strengths of a transformation: rotation, scale and light."""

import torch
from torch import Generator, Tensor
from torch.nn import functional

from viewlearn.views import Params, View, draw
from viewlearn.views.description import columns
from vision.views.checks import check_images


class RotateAndScale(View):
    """Rotates and scales images about their center; beyond the borders, images are mirrored.

    Parameters: ``angle`` (batch,) in degrees, counter-clockwise, drawn from [−180, 180); ``scale`` (batch,), the factor
    of enlargement, drawn log-uniformly from [1/2, 2).
    """

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "angle": draw.uniform(x, -180.0, 180.0, generator),
            "scale": draw.log_uniform(x, 0.5, 2.0, generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        height, width = x.shape[-2:]
        angle, scale = params["angle"].to(x.dtype).deg2rad(), params["scale"].to(x.dtype)
        cosine, sine, zero = angle.cos() / scale, angle.sin() / scale, torch.zeros_like(angle)
        # From output to input coordinates, in units of half the width and half the height; y points down.
        rows = [cosine, -sine * (height / width), zero, sine * (width / height), cosine, zero]
        theta = torch.stack(rows, dim=1).view(-1, 2, 3)
        grid = functional.affine_grid(theta, list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)

    def describe(self, resolved: Params) -> Tensor:
        """Describes sine and cosine less 1 of the angle, both halved, and half of the octaves of enlargement."""
        radians = resolved["angle"].float().deg2rad()
        return columns(radians.sin() / 2, (radians.cos() - 1) / 2, resolved["scale"].float().log2() / 2)


class Illumination(View):
    """Lights images from a side with a colored light: y = clamp(x · gain · (1 + slope · (d · p))).

    p is the place in [−1, 1]², d the unit vector of the direction. This is a multiplicative model of pixel values,
    without shadows and shapes; the rendered solids have both.

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

    def describe(self, resolved: Params) -> Tensor:
        """Describes the slope to the right and down, by its largest twice, half of the warmth, and exposure less 1."""
        radians, slope = resolved["direction"].float().deg2rad(), resolved["slope"].float() / 1.6
        across, down = slope * radians.cos(), slope * radians.sin()
        return columns(across, down, resolved["warmth"].float() / 2, resolved["exposure"].float() - 1)
