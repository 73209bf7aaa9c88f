"""What a region looks like: features pooled over its box, without any training."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import roi_align

from vision.video.tracking.opencv import import_opencv, shrink

NUM_ORIENTATIONS = 6  # of gradients, modulo 180°
CELLS = 5  # along each side of a box


@dataclass(frozen=True)
class FrameMaps:
    """Dense maps of one frame, shrunk by ``scale``.

    Args:
        appearance: ``(9, height, width)``, CIE Lab, z-scored over the frame, and gradient magnitude by orientation.
        gray: uint8 ``(height, width)``, for optical flow.
        scale: Pixels of the maps per pixel of the frame.
    """

    appearance: Tensor
    gray: np.ndarray
    scale: float


class ColorAndGradients:
    """Describes regions by color and oriented gradients on a grid of cells (as a coarse HOG with color does).

    A few hundred regions of a frame take milliseconds, and no learned weights are involved. Between neighboring
    frames, where regions hardly change, that suffices.

    Args:
        width: Width in pixels that frames are shrunk to.
    """

    def __init__(self, width: int = 256):
        self.width = width
        self.cv2 = import_opencv()

    def maps(self, pixels: Tensor) -> FrameMaps:
        """Makes the maps of a uint8 frame ``(3, height, width)``."""
        cv2 = self.cv2
        small, scale = shrink(pixels, self.width)
        lab = torch.from_numpy(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)).permute(2, 0, 1)
        lab = (lab - lab.mean(dim=(1, 2), keepdim=True)) / lab.std(dim=(1, 2), keepdim=True).clamp(min=1e-3)
        gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        across, down = (torch.from_numpy(cv2.Sobel(gray, cv2.CV_32F, dx, 1 - dx)) for dx in (1, 0))
        # Orientation modulo 180 degrees, shared between the two nearest bins.
        angle = torch.atan2(down, across).remainder(torch.pi) * (NUM_ORIENTATIONS / torch.pi)
        bins = torch.arange(NUM_ORIENTATIONS).view(-1, 1, 1)
        away = (angle - bins).abs()
        weight = (1 - torch.minimum(away, NUM_ORIENTATIONS - away)).clamp(min=0)
        return FrameMaps(torch.cat([lab, weight * (across.square() + down.square()).sqrt()]), gray, scale)

    def __call__(self, maps: FrameMaps, boxes: Tensor) -> Tensor:
        """Unit vectors ``(num, 225)``, whose dot products are similarities; boxes are in pixels of the frame."""
        pooled = pool(maps.appearance, boxes * maps.scale, CELLS)
        color = functional.normalize(pooled[:, :3].flatten(1), dim=1)
        gradients = pooled[:, 3:] - pooled[:, 3:].mean(dim=(1, 2, 3), keepdim=True)
        return torch.cat([color, functional.normalize(gradients.flatten(1), dim=1)], dim=1) / 2**0.5


def pool(maps: Tensor, boxes: Tensor, cells: int) -> Tensor:
    """Averages maps over a grid of cells of each box: ``(num, channel, cells, cells)``.

    Args:
        maps: ``(channel, height, width)``.
        boxes: ``(num, 4)`` in pixels of the maps.
        cells: Number of cells along each side of a box.
    """
    return roi_align(maps.unsqueeze(0), [boxes], cells, sampling_ratio=2, aligned=True)


def contrast(maps: Tensor, boxes: Tensor, margin: float = 0.5) -> Tensor:
    """How much the inside of a box differs from its surroundings: ``(num,)``, at least 0.

    It is the distance between the means of the maps inside the box and in a margin around it, which is large for an
    object that stands out and small for a part of the background (Alexe, Deselaers & Ferrari, "What is an object?",
    2010, section 2.2).

    Args:
        maps: ``(channel, height, width)``, each of about unit variance.
        boxes: ``(num, 4)`` in pixels of the maps.
        margin: Width of the surroundings, as a fraction of the box's sides.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    around = torch.cat([boxes[:, :2] - margin * sides, boxes[:, 2:] + margin * sides], dim=1)
    inner, outer = (pool(maps, rectangle, CELLS).mean(dim=(2, 3)) for rectangle in (boxes, around))
    growth = (1 + 2 * margin) ** 2  # the outer box's area over the inner's
    ring = (growth * outer - inner) / (growth - 1)
    return (inner - ring).square().mean(1).sqrt()
