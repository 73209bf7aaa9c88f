"""Random boxes: whole pixels, with an area and an aspect ratio drawn per sample."""

import math

import torch
from torch import Generator, Tensor

from viewlearn.views import draw
from vision.views.checks import Range

NUM_ATTEMPTS = 10  # as torchvision's; beyond them the box is central


def draw_box(x: Tensor, scale: Range, ratio: Range, generator: Generator | None) -> Tensor:
    """Boxes ``(batch, 4)``: top, left, height, width as fractions of the image, whose edges lie between pixels.

    The distribution is that of torchvision's RandomResizedCrop: area uniform in ``scale`` (fraction of the image),
    aspect ratio width / height log-uniform in ``ratio``, the first of ten attempts that fits, its place uniform;
    if none fits, the largest central box whose aspect ratio is allowed.
    """
    height, width = x.shape[-2:]
    area = draw.uniform(x, *scale, generator, NUM_ATTEMPTS) * (height * width)
    aspect = draw.uniform(x, math.log(ratio[0]), math.log(ratio[1]), generator, NUM_ATTEMPTS).exp()
    place = draw.uniform(x, 0.0, 1.0, generator, 2)

    box_width, box_height = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (box_width >= 1) & (box_width <= width) & (box_height >= 1) & (box_height <= height)
    first = fits.int().argmax(dim=1, keepdim=True)
    any_fits = fits.any(dim=1)
    central = _central_box(height, width, ratio)
    box_height = torch.where(any_fits, box_height.gather(1, first).squeeze(1), central[0])
    box_width = torch.where(any_fits, box_width.gather(1, first).squeeze(1), central[1])

    # round to the nearest of the (free + 1) places; a central box takes the middle one
    free = torch.stack([height - box_height, width - box_width], dim=1)
    corner = torch.where(any_fits[:, None], torch.minimum((place * (free + 1)).floor(), free), (free / 2).floor())
    pixels = torch.cat([corner, box_height[:, None], box_width[:, None]], dim=1)
    return pixels / pixels.new_tensor([height, width, height, width])


def _central_box(height: int, width: int, ratio: Range) -> tuple[float, float]:
    """Height and width in pixels of the largest box with an aspect ratio in ``ratio``."""
    if width / height < ratio[0]:
        return min(float(round(width / ratio[0])), float(height)), float(width)
    if width / height > ratio[1]:
        return float(height), min(float(round(height * ratio[1])), float(width))
    return float(height), float(width)
