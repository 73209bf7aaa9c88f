"""A clip's frames in order, each with its maps and with how it follows from the frame before."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vision.video.clip import Clip
from vision.video.tracking.camera import camera_from_flow
from vision.video.tracking.describe import ColorAndGradients, FrameMaps
from vision.video.tracking.proposals import import_opencv

CUT = 0.3  # correlation of two frames' coarse colors, below which everything is another scene
SMALLEST = 16  # pixels of the maps' smaller side: in smaller pictures DIS reads beyond them


@dataclass(frozen=True)
class Moment:
    """One frame.

    Args:
        index: in its clip.
        time: in seconds.
        frame: uint8 ``(3, height, width)``.
        maps: of the frame.
        flow: ``(2, map height, map width)``, optical flow from the frame before in pixels of the maps; 0 in the first
            frame of a shot, and in frames that are too small to tell.
        ground: ``(3, 3)`` float64, from the maps' pixels to those that the background had in the shot's first frame.
        first: of its shot.
    """

    index: int
    time: float
    frame: Tensor
    maps: FrameMaps
    flow: Tensor
    ground: np.ndarray
    first: bool

    def ground_in_pixels(self) -> np.ndarray:
        """``ground`` in pixels of the frame."""
        scale = np.diag([self.maps.scale, self.maps.scale, 1.0])
        return np.linalg.inv(scale) @ self.ground @ scale


class Moments:
    """``Moments()(clip)`` yields the moments of a clip.

    Flow is DIS (Kroeger et al., ECCV 2016) as OpenCV has it, at its medium setting: 5 ms at 256 pixels, and half the
    error of its faster ones.

    Args:
        describe: makes the maps.
    """

    def __init__(self, describe: ColorAndGradients):
        self.describe = describe
        cv2 = import_opencv()
        self.flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def __call__(self, clip: Clip) -> Iterator[Moment]:
        before: FrameMaps | None = None
        ground = np.eye(3)
        for index in range(len(clip)):
            frame = clip[index]
            maps = self.describe.maps(frame)
            first = before is None or _correlation(before, maps) < CUT
            still = first or min(maps.gray.shape) < SMALLEST
            flow = (
                np.zeros((*maps.gray.shape, 2), np.float32) if still else self.flow.calc(before.gray, maps.gray, None)
            )
            ground = np.eye(3) if first else ground @ np.linalg.inv(camera_from_flow(flow))
            yield Moment(
                index, float(clip.times[index]), frame, maps, torch.from_numpy(flow).permute(2, 0, 1), ground, first
            )
            before = maps


def _correlation(before: FrameMaps, after: FrameMaps) -> float:
    """Of colors that are averaged over a grid of 8 × 8; in [−1, 1]."""
    one, other = (functional.adaptive_avg_pool2d(maps.appearance[:3], 8).flatten() for maps in (before, after))
    return float(functional.cosine_similarity(one, other, dim=0))
