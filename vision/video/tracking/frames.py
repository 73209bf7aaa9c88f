"""A clip's frames in order, each with its maps and with how it follows from the frame before."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vision.video.clip import Clip
from vision.video.tracking.appearance import ColorAndGradients, FrameMaps
from vision.video.tracking.camera import camera_from_flow
from vision.video.tracking.opencv import import_opencv

CUT = 0.3  # correlation of two frames' coarse colors, below which they are of different shots
SMALLEST = 16  # pixels of the maps' shorter side; in smaller pictures DIS reads beyond the border


@dataclass(frozen=True)
class TrackedFrame:
    """A frame of a clip, and its motion.

    Args:
        index: Index in the clip.
        time: Time in seconds.
        pixels: uint8 ``(3, height, width)``.
        maps: Maps of the frame.
        flow: ``(2, map height, map width)`` optical flow from the frame before, in pixels of the maps; 0 in the first
            frame of a shot, and in frames that are too small for it.
        camera: ``(3, 3)`` float64, the transformation from the maps' pixels to those that the background had in the
            shot's first frame.
        starts_shot: Whether it is the first frame of a shot.
    """

    index: int
    time: float
    pixels: Tensor
    maps: FrameMaps
    flow: Tensor
    camera: np.ndarray
    starts_shot: bool

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        _, height, width = self.pixels.shape
        return height, width

    def camera_in_pixels(self) -> np.ndarray:
        """``camera`` in pixels of the frame."""
        scale = np.diag([self.maps.scale, self.maps.scale, 1.0])
        return np.linalg.inv(scale) @ self.camera @ scale


class FrameAnalyzer:
    """Yields a clip's frames: ``FrameAnalyzer(descriptor)(clip)``.

    Flow is DIS (Kroeger et al., ECCV 2016) as OpenCV has it, at its medium setting: 5 ms at 256 pixels, and half the
    error of its faster ones.

    Args:
        descriptor: What makes the maps.
    """

    def __init__(self, descriptor: ColorAndGradients):
        self.descriptor = descriptor
        cv2 = import_opencv()
        self.flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, clip: Clip) -> Iterator[TrackedFrame]:
        before: FrameMaps | None = None
        camera = np.eye(3)
        for index in range(len(clip)):
            pixels = clip[index]
            maps = self.descriptor.maps(pixels)
            flow = np.zeros((*maps.gray.shape, 2), np.float32)
            if before is None or _correlation(before, maps) < CUT:
                starts_shot, camera = True, np.eye(3)
            else:
                starts_shot = False
                if min(maps.gray.shape) >= SMALLEST:
                    flow = self.flow.calc(before.gray, maps.gray, None)
                camera = camera @ np.linalg.inv(camera_from_flow(flow))
            flow_tensor = torch.from_numpy(flow).permute(2, 0, 1)
            yield TrackedFrame(index, float(clip.times[index]), pixels, maps, flow_tensor, camera, starts_shot)
            before = maps


def _correlation(before: FrameMaps, after: FrameMaps) -> float:
    """Correlation of colors that are averaged over a grid of 8 × 8, in [−1, 1]."""
    one, other = (functional.adaptive_avg_pool2d(maps.appearance[:3], 8).flatten() for maps in (before, after))
    return float(functional.cosine_similarity(one, other, dim=0))
