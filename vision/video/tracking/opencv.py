"""What the tracker needs of OpenCV (the extra ``video``)."""

from types import ModuleType

import numpy as np
from torch import Tensor
from torch.nn import functional


def import_opencv() -> ModuleType:
    """``cv2`` with its contributed modules.

    Raises:
        ValueError: No OpenCV, or one without ``ximgproc``; the message says what to install.
    """
    try:
        import cv2
    except ImportError as error:
        raise ValueError("the region tracker needs OpenCV: pip install 'viewlearn[video]'") from error
    try:
        cv2.ximgproc.segmentation  # noqa: B018
    except AttributeError as error:
        raise ValueError(
            "this OpenCV has no ximgproc.segmentation: another OpenCV package lies over it in the same folder; "
            "pip install --force-reinstall --no-deps opencv-contrib-python-headless, which holds what the others do"
        ) from error
    return cv2


def shrink(pixels: Tensor, width: int) -> tuple[np.ndarray, float]:
    """A frame as OpenCV reads it, uint8 ``(height, width, 3)``, at most ``width`` wide; and the scale, at most 1."""
    scale = min(1.0, width / pixels.shape[-1])
    if scale < 1:
        size = (max(1, round(pixels.shape[-2] * scale)), width)
        pixels = functional.interpolate(pixels.unsqueeze(0), size, mode="bilinear", antialias=True).squeeze(0)
    return pixels.permute(1, 2, 0).contiguous().numpy(), scale
