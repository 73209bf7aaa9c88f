"""Class-agnostic proposals by looks: regions of a frame that may be objects."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torchvision.ops import nms

from vision.video.tracking.opencv import import_opencv, shrink


class Proposer(Protocol):
    """Proposes regions of a frame.

    ``proposer(pixels)`` has boxes ``(num, 4)``, left, top, right, bottom in pixels, of a uint8 frame
    ``(3, height, width)``.
    """

    def __call__(self, pixels: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class BoxLimits:
    """Limits of boxes that may hold an object.

    Args:
        min_area: Least area, as a fraction of the frame's.
        max_area: Largest area, as a fraction of the frame's.
        max_aspect: Largest ratio of the longer to the shorter side.
    """

    min_area: float = 0.004
    max_area: float = 0.4
    max_aspect: float = 4.0

    def boxes(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """Selects the boxes within the limits, as left, top, right, bottom ``(num, 4)``.

        Args:
            found: ``(num, 4)`` left, top, width, height in pixels of the frame, as OpenCV has them.
            size: Height and width of the frame; what rounding puts beyond its edges is cut off.
        """
        height, width = size
        left, top, wide, high = found.float().unbind(1)
        boxes = torch.stack([left, top, (left + wide).clamp(max=width), (top + high).clamp(max=height)], dim=1)
        area = wide * high / (height * width)
        aspect = torch.maximum(wide / high, high / wide)
        return boxes[(area >= self.min_area) & (area <= self.max_area) & (aspect <= self.max_aspect)]


OBJECT_LIMITS = BoxLimits()


class SelectiveSearch:
    """Selective search in OpenCV's implementation: regions of a graph-based segmentation, merged step by step.

    It needs no training, so that no labels enter through the proposals, and unsupervised object discovery has used it
    since. OpenCV has it in ``cv2.ximgproc`` of opencv-contrib (the extra ``video``). It runs on a shrunk frame with a
    single segmentation (color space HSV, k = 50), which costs a tenth of the paper's "fast" setting: in a video, the
    next frame's segmentation finds what this one's misses.

    Args:
        width: Width in pixels that the frame is shrunk to for the segmentation.
        limits: Limits of the boxes.
        overlap: IoU above which boxes count as one.

    Raises:
        ValueError: OpenCV without ximgproc.

    Uijlings, van de Sande, Gevers & Smeulders, "Selective search for object recognition" (IJCV 2013).
    """

    def __init__(self, width: int = 256, limits: BoxLimits = OBJECT_LIMITS, overlap: float = 0.85):
        self.width = width
        self.limits = limits
        self.overlap = overlap
        self.cv2 = import_opencv()

    def __call__(self, pixels: Tensor) -> Tensor:
        small, scale = shrink(pixels, self.width)
        search = self.cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(small)
        search.switchToSingleStrategy(50, 0.8)
        found = search.process()
        if len(found) == 0:
            return torch.zeros(0, 4)
        _, height, width = pixels.shape
        boxes = self.limits.boxes(torch.as_tensor(found).unique(dim=0) / scale, (height, width))
        # OpenCV ranks by random numbers; ranks by size are the same every time.
        sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        boxes = boxes[sizes.argsort(descending=True, stable=True)]
        return boxes[nms(boxes, torch.linspace(1, 0, len(boxes)), self.overlap)]
