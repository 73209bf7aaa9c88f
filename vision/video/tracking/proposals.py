"""Class-agnostic region proposals of a frame."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import nms


class Proposer(Protocol):
    """``proposer(frame)``: boxes ``(num, 4)`` left, top, right, bottom in pixels, of a uint8 frame (3, H, W)."""

    def __call__(self, frame: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class BoxLimits:
    """Which boxes may be things.

    Args:
        min_area, max_area: as fractions of the frame's.
        max_aspect: of the longer to the shorter side.
    """

    min_area: float = 0.004
    max_area: float = 0.4
    max_aspect: float = 4.0

    def boxes(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """Boxes ``(num, 4)``, left, top, right, bottom, of OpenCV's left, top, width, height within the limits.

        Args:
            found: ``(num, 4)`` in pixels of the frame.
            size: height and width of the frame; what rounding puts beyond its edges is cut off.
        """
        height, width = size
        left, top, wide, high = found.float().unbind(1)
        boxes = torch.stack([left, top, (left + wide).clamp(max=width), (top + high).clamp(max=height)], dim=1)
        area = wide * high / (height * width)
        aspect = torch.maximum(wide / high, high / wide)
        return boxes[(area >= self.min_area) & (area <= self.max_area) & (aspect <= self.max_aspect)]


THINGS = BoxLimits()


class SelectiveSearch:
    """Selective search in OpenCV's implementation: regions of a graph-based segmentation, merged step by step.

    It needs no training, so that no labels enter through the proposals, and is what unsupervised object discovery
    has used since; OpenCV keeps it, in ``cv2.ximgproc`` of opencv-contrib (the extra ``video``). It runs on a shrunk
    frame with a single segmentation (color space HSV, k = 50), which costs a tenth of the "fast" setting of the
    paper: over a video, what one frame's segmentation misses the next one's finds.

    Args:
        width: that the frame is shrunk to for the segmentation, in pixels.
        limits: of a box.
        overlap: boxes with an IoU above it count as one.

    Raises:
        ValueError: OpenCV without ximgproc.

    Uijlings, van de Sande, Gevers & Smeulders, "Selective search for object recognition" (IJCV 2013).
    """

    def __init__(self, width: int = 256, limits: BoxLimits = THINGS, overlap: float = 0.85):
        self.width = width
        self.limits = limits
        self.overlap = overlap
        self.cv2 = import_opencv()

    def __call__(self, frame: Tensor) -> Tensor:
        small, scale = shrink(frame, self.width)
        search = self.cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(small)
        search.switchToSingleStrategy(50, 0.8)
        found = search.process()
        if len(found) == 0:
            return torch.zeros(0, 4)
        boxes = self.limits.boxes(torch.as_tensor(found).unique(dim=0) / scale, frame.shape[-2:])
        # OpenCV ranks by random numbers; this goes by size, and is the same every time.
        sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        boxes = boxes[sizes.argsort(descending=True, stable=True)]
        return boxes[nms(boxes, torch.linspace(1, 0, len(boxes)), self.overlap)]


def shrink(frame: Tensor, width: int):
    """A frame as OpenCV reads it, uint8 ``(height, width, 3)``, at most ``width`` wide; and the scale, at most 1."""
    scale = min(1.0, width / frame.shape[-1])
    if scale < 1:
        size = (max(1, round(frame.shape[-2] * scale)), width)
        frame = functional.interpolate(frame.unsqueeze(0), size, mode="bilinear", antialias=True).squeeze(0)
    return frame.permute(1, 2, 0).contiguous().numpy(), scale


def import_opencv():
    """``cv2`` with its contributed modules."""
    try:
        import cv2
    except ImportError as error:
        raise ValueError("the region tracker needs OpenCV: pip install 'viewlearn[video]'") from error
    if not hasattr(getattr(cv2, "ximgproc", None), "segmentation"):
        raise ValueError(
            "this OpenCV has no ximgproc.segmentation: another OpenCV package lies over it in the same folder; "
            "pip install --force-reinstall --no-deps opencv-contrib-python-headless, which holds what the others do"
        )
    return cv2
