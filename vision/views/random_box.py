"""Random boxes: whole pixels, with an area and an aspect ratio drawn per sample."""

import torch
from torch import Generator, Tensor

from viewlearn.views import draw
from viewlearn.views.checks import Range

NUM_ATTEMPTS = 10  # as in torchvision; if none fits, the box is central


def draw_box(x: Tensor, scale: Range, ratio: Range, generator: Generator | None) -> Tensor:
    """Draws boxes ``(batch, 4)``: top, left, height, width as fractions of the image, whose edges lie between pixels.

    The distribution is that of torchvision's RandomResizedCrop: area uniform in ``scale`` (fraction of the image),
    aspect ratio width / height log-uniform in ``ratio``, the first of ten attempts that fits, its place uniform;
    if none fits, the largest central box whose aspect ratio is allowed. In numbers that it is drawn from (``Tape``),
    a box has the gradient that it would have without rounding.
    """
    height, width = x.shape[-2:]
    limits = _pair(height, width, x.device)
    area = draw.uniform(x, *scale, generator, NUM_ATTEMPTS, repeats=True) * (height * width)
    aspect = draw.log_uniform(x, *ratio, generator, NUM_ATTEMPTS, repeats=True)
    place = draw.uniform(x, 0.0, 1.0, generator, 2)

    exact = torch.stack([area / aspect, area * aspect], dim=2).sqrt()
    sides = _straight_through(exact, exact.round())  # of each attempt: height, width
    fits = ((sides >= 1) & (sides <= limits)).all(dim=2)
    any_fits, first = fits.int().max(dim=1)
    any_fits = any_fits.bool()[:, None]
    sides = sides.gather(1, first[:, None, None].expand(-1, 1, 2)).squeeze(1)
    sides = torch.where(any_fits, sides, _pair(*_central_box(height, width, ratio), x.device))

    # The corner is one of the (free + 1) that keep the box inside; a central box takes the middle one.
    free = limits - sides
    exact = place * (free + 1)
    corner = torch.minimum(_straight_through(exact, exact.floor()), free)
    corner = torch.where(any_fits, corner, (free / 2).floor())
    return torch.cat([corner / limits, sides / limits], dim=1)


def _straight_through(exact: Tensor, whole: Tensor) -> Tensor:
    """Returns whole numbers with the gradient of those that they were made of."""
    return whole + (exact - exact.detach()) if exact.requires_grad else whole


def _central_box(height: int, width: int, ratio: Range) -> tuple[int, int]:
    """Height and width in pixels of the largest box with an aspect ratio in ``ratio``."""
    if width / height < ratio[0]:
        return min(round(width / ratio[0]), height), width
    if width / height > ratio[1]:
        return height, min(round(height * ratio[1]), width)
    return height, width


def _pair(first: float, second: float, device: torch.device) -> Tensor:
    """Both numbers as a tensor ``(2,)``, filled in on the device: to copy them there would make the host wait."""
    return torch.stack([torch.full((), float(value), device=device) for value in (first, second)])
