"""Blurs: defocus, frosted glass, motion and zoom."""

from typing import ClassVar

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from viewlearn.views import Params, draw
from vision.corruptions.corruption import Corruption
from vision.corruptions.filters import along_axes, convolve, gaussian_matrix, motion_blur, zoom_matrix
from vision.views.checks import full_precision


class DefocusBlur(Corruption):
    """Convolves with a disk of radius c₀, its edge softened by a Gaussian of width c₁, both in pixels.

    It draws nothing. Borders are mirrored. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
        "cifar": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        full = full_precision(x)
        kernel = disk(*self.constants(x)).to(full)
        radius = kernel.shape[0] // 2
        if radius >= min(x.shape[-2:]):
            raise ValueError(f"a blur of {radius} pixels is too large for images of {x.shape[-2]}×{x.shape[-1]}")
        return convolve(full, kernel).clamp(0, 1).to(x)


def disk(radius: float, softness: float) -> Tensor:
    """A disk that sums to 1, blurred by a Gaussian of 3×3 taps (5×5 above a radius of 8), without a border of zeros."""
    half = 8 if radius <= 8 else int(radius)
    place = torch.arange(-half, half + 1)
    kernel = (place**2 + place[:, None] ** 2 <= radius**2).double()
    kernel /= kernel.sum()
    taps = torch.arange(-1, 2) if radius <= 8 else torch.arange(-2, 3)
    weight = torch.exp(-0.5 * (taps / softness).square()).double()
    weight = weight / weight.sum()
    reach = len(taps) // 2
    padded = functional.pad(kernel[None, None], (reach,) * 4, mode="reflect")
    kernel = functional.conv2d(padded, torch.outer(weight, weight)[None, None])[0, 0]
    while len(kernel) > 1 and kernel[0].abs().max() < 1e-9:
        kernel = kernel[1:-1, 1:-1]
    return kernel


class GlassBlur(Corruption):
    """Blurs, gives every pixel the color of a near one, one after the other and c₂ times over, and blurs again.

    σ = c₀ for both blurs; the near pixel is at most c₁ rows and columns away. Parameters: ``offset`` (batch, c₂,
    pixels, 2), (rows, columns) in [−c₁, c₁) for each pixel in the order of visits, from the lower right on.

    As in the benchmark's code, a pixel isn't swapped with the other one but becomes a copy of it: the paper speaks of
    shuffling, and the code's swap assigns views of one array to each other. Differentiable in x. Arguments
    and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
        "cifar": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        _, reach, rounds = self.constants(x)
        num_visits = max(0, x.shape[-2] - 2 * reach) * max(0, x.shape[-1] - 2 * reach)
        return {"offset": draw.integers(x, -reach, reach, generator, rounds, num_visits, 2)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        sigma, reach, _ = self.constants(x)
        full = full_precision(x)
        height, width = x.shape[-2:]
        blur = [gaussian_matrix(num, sigma, 4.0, "clamp", full) for num in (height, width)]
        source = glass_sources(params["offset"], height, width, reach)[:, None]
        softened = along_axes(full, *blur).flatten(2)
        moved = softened.gather(2, source.expand(-1, x.shape[1], -1)).view_as(full)
        return along_axes(moved, *blur).clamp(0, 1).to(x)


def glass_sources(offset: Tensor, height: int, width: int, reach: int) -> Tensor:
    """For every pixel the one whose color it has after all copies: (batch, height · width)."""
    batch = np.arange(len(offset))
    source = np.broadcast_to(np.arange(height * width), (len(offset), height * width)).copy()
    steps = (offset[..., 0] * width + offset[..., 1]).cpu().numpy()
    visits = [
        row * width + column for row in range(height - reach, reach, -1) for column in range(width - reach, reach, -1)
    ]
    for rounds in range(steps.shape[1]):
        for visit, pixel in enumerate(visits):
            source[:, pixel] = source[batch, pixel + steps[:, rounds, visit]]
    return torch.from_numpy(source).to(offset.device)


class MotionBlur(Corruption):
    """Smears along a line at an angle within ±45°, over radius c₀ with weights of width σ = c₁, in pixels.

    Parameters: ``angle`` (batch,) in degrees. The algorithm is that of ImageMagick, which the benchmark calls.
    Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        "cifar": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"angle": draw.uniform(x, -45.0, 45.0, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return motion_blur(full_precision(x), params["angle"], *self.constants(x)).clamp(0, 1).to(x)


class ZoomBlur(Corruption):
    """Averages the image and its enlargements by 1, 1 + c₁, 1 + 2 c₁, … below 1 + c₀, about the center.

    It draws nothing. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((0.11, 0.01), (0.16, 0.01), (0.21, 0.02), (0.26, 0.02), (0.31, 0.03)),
        "cifar": ((0.06, 0.01), (0.11, 0.01), (0.16, 0.01), (0.21, 0.01), (0.26, 0.01)),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        reach, step = self.constants(x)
        factors = np.arange(1, 1 + reach, step)
        full = full_precision(x)
        total = full
        for factor in factors.tolist():
            rows, columns = (zoom_matrix(num, factor, full) for num in x.shape[-2:])
            total = total + along_axes(full, rows, columns)
        return (total / (len(factors) + 1)).clamp(0, 1).to(x)
