"""Digital corruptions: brightness, contrast, elastic deformation, pixelation and JPEG compression."""

from io import BytesIO
from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from viewlearn.views import Params, draw
from vision.corruptions.corruption import Corruption
from vision.corruptions.filters import along_axes, box_matrix, gaussian_matrix, warp
from vision.views.checks import full_precision


class Brightness(Corruption):
    """Adds c to the value in HSV, up to 1; hue and saturation stay.

    It draws nothing. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (0.1, 0.2, 0.3, 0.4, 0.5), "cifar": (0.05, 0.1, 0.15, 0.2, 0.3)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        value = x.amax(dim=1, keepdim=True)
        brighter = (value + self.constants(x)).clamp(max=1)
        # Black has no hue and no saturation: it becomes gray.
        return torch.where(value > 0, x * (brighter / torch.where(value > 0, value, 1)), brighter).clamp(0, 1)


class Contrast(Corruption):
    """Scales contrast: clamp(c (x − mean) + mean, 0, 1), with the mean of each channel of each image.

    It draws nothing. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (0.4, 0.3, 0.2, 0.1, 0.05), "cifar": (0.75, 0.5, 0.4, 0.3, 0.15)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        mean = x.mean(dim=(2, 3), keepdim=True)
        return (self.constants(x) * (x - mean) + mean).clamp(0, 1)


class ElasticTransform(Corruption):
    """Applies a random affine map, then displaces pixels by smooth random fields.

    The affine map moves three corners of the central square by up to c₂ pixels each way; the displacements are
    c₀ · blur(noise) pixels, with σ = c₁. c is in units of the image's shorter side (in ImageNet-C, 244 for 224).
    Parameters: ``corners`` (batch, 3, 2), ``noise`` (batch, 2, height, width), x before y, uniform in [−1, 1].
    Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {
        "imagenet": ((2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)),
        "cifar": ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)),
    }

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        corners = draw.uniform(x, -1.0, 1.0, generator, 3, 2)
        return {"corners": corners, "noise": draw.uniform(x, -1.0, 1.0, generator, 2, *x.shape[-2:])}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        amount, sigma, reach = (constant * self._unit(x) for constant in self.constants(x))
        full = full_precision(x)
        height, width = x.shape[-2:]
        warped = warp(full, *affine_places(params["corners"].to(full) * reach, height, width), "mirror")
        if amount == 0:
            return warped.clamp(0, 1).to(x)
        rows, columns = (gaussian_matrix(num, sigma, 3.0, "reflect", full) for num in (height, width))
        right, down = (amount * along_axes(params["noise"].to(full), rows, columns)).unbind(dim=1)
        row, column = _grid(full)
        return warp(warped, row + down, column + right, "reflect").clamp(0, 1).to(x)

    def _unit(self, x: Tensor) -> float:
        shorter = min(x.shape[-2:])
        return shorter if self.benchmark_of(x) == "cifar" else shorter * 244 / 224


def affine_places(moves: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows and columns (batch, height, width) that an affine map takes each pixel from.

    The map adds ``moves`` (batch, 3, 2) to the points (x, y) = m + s, (m_x + s, m_y − s) and m − s, with m the image's
    middle and s a third of its shorter side, both rounded down.
    """
    middle, third = torch.tensor([height // 2, width // 2]), min(height, width) // 3
    # The benchmark's code takes (height, width) for (x, y), which is the same in square images.
    points = middle + third * torch.tensor([[1, 1], [1, -1], [-1, -1]])
    points = points.to(moves).expand_as(moves)
    to = torch.cat([points + moves, torch.ones_like(moves[..., :1])], dim=2)
    inverse = torch.linalg.solve(to, points)
    row, column = _grid(moves, height, width)
    places = torch.stack([column, row, torch.ones_like(row)], dim=-1) @ inverse[:, None]
    return places[..., 1], places[..., 0]


def _grid(like: Tensor, height: int | None = None, width: int | None = None) -> tuple[Tensor, Tensor]:
    """Rows and columns of all pixels, ``(height, width)`` each."""
    height, width = height or like.shape[-2], width or like.shape[-1]
    down, across = (torch.arange(num, device=like.device, dtype=like.dtype) for num in (height, width))
    row, column = torch.meshgrid(down, across, indexing="ij")
    return row, column


class Pixelate(Corruption):
    """Shrinks to c times the size and enlarges again, with box filters.

    It draws nothing. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (0.6, 0.5, 0.4, 0.3, 0.25), "cifar": (0.95, 0.9, 0.85, 0.75, 0.65)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        c, full = self.constants(x), full_precision(x)
        rows, columns = (
            box_matrix(int(num * c), num, full) @ box_matrix(num, int(num * c), full) for num in x.shape[-2:]
        )
        return along_axes(full, rows, columns).clamp(0, 1).to(x)


class JPEGCompression(Corruption):
    """Encodes as JPEG of quality c and decodes, with the real codec: on the CPU, in 8 bits, without a gradient.

    It draws nothing. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (25, 18, 15, 10, 7), "cifar": (80, 65, 58, 50, 40)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        quality = self.constants(x)
        stored = (full_precision(x.detach()) * 255).round().clamp(0, 255).to(torch.uint8).cpu()
        return torch.stack([_through_jpeg(image, quality) for image in stored]).to(x) / 255


def _through_jpeg(image: Tensor, quality: int) -> Tensor:
    """Encodes and decodes a uint8 image (channel, height, width) with Pillow."""
    file = BytesIO()
    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
    Image.fromarray(pixels.numpy()).save(file, "JPEG", quality=quality)
    decoded = torch.from_numpy(np.array(Image.open(file)))
    return decoded[None] if len(image) == 1 else decoded.permute(2, 0, 1)
