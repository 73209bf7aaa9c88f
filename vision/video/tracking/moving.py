"""Class-agnostic proposals by motion: what is neither where it was nor where it will be."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vision.video.tracking.camera import refined
from vision.video.tracking.frames import TrackedFrame
from vision.video.tracking.opencv import import_opencv
from vision.video.tracking.proposals import OBJECT_LIMITS, BoxLimits

CLOSE, OPEN = 7, 3  # pixels of the maps: holes up to this size are closed, specks up to this size are dropped


class _ComparedFrame(NamedTuple):
    """What a frame is compared with others by, see ``TrackedFrame``.

    Args:
        time: Time in seconds.
        colors: ``(height, width, 3)`` colors of the maps, blurred.
        gray: uint8 ``(height, width)``.
        camera: ``(3, 3)``.
    """

    time: float
    colors: np.ndarray
    gray: np.ndarray
    camera: np.ndarray


class MovingRegions:
    """Proposes regions that differ from the same place of the scene a little earlier and a little later.

    The two other frames are aligned with this one by the camera's motion. A pixel that differs from both belongs to
    something that moves; a pixel that differs from only one is where such an object has been or will be (double
    differences: Kameda & Minoh, "A human motion estimation method using 3-successive video frames", 1996). So moving
    objects are found whole, in whatever colors, while a segmentation of the frame finds their parts; what stands still
    isn't found.

    Args:
        lag: Seconds to the other frames. If there are none within twice that (below 1.25 frames per second for
            0.4 s), nothing is found. Near the ends of a shot, both are on the same side, and what moves by less than
            its size between them is also found where it will be (or has been). At the edges of a panning frame,
            nothing is found in parts that another frame doesn't show.
        threshold: Least difference of color (CIE Lab, in standard deviations of the frame).
        noise: Least difference of color in medians of the frame's differences, as in grainy or shaken pictures
            everything differs.
        limits: Limits of the boxes.
    """

    def __init__(self, lag: float = 0.4, threshold: float = 0.3, noise: float = 4.0, limits: BoxLimits = OBJECT_LIMITS):
        self.lag = lag
        self.threshold = threshold
        self.noise = noise
        self.limits = limits
        self.cv2 = import_opencv()

    def __call__(self, frames: Iterable[TrackedFrame]) -> Iterator[tuple[TrackedFrame, Tensor]]:
        """Yields every frame with its boxes ``(num, 4)``, left, top, right, bottom in pixels."""
        shot: deque[_ComparedFrame] = deque()
        waiting: deque[TrackedFrame] = deque()  # the last ones of the shot, which have no boxes yet
        for frame in frames:
            if frame.starts_shot:
                while waiting:
                    yield self._next(shot, waiting)
                shot.clear()
            shot.append(self._compared(frame))
            waiting.append(frame)
            while waiting[0].time + 2 * self.lag < frame.time:
                yield self._next(shot, waiting)
                while shot[0].time < waiting[0].time - 2 * self.lag:
                    shot.popleft()
        while waiting:
            yield self._next(shot, waiting)

    def _compared(self, frame: TrackedFrame) -> _ComparedFrame:
        colors = self.cv2.blur(frame.maps.appearance[:3].permute(1, 2, 0).contiguous().numpy(), (3, 3))
        return _ComparedFrame(frame.time, colors, frame.maps.gray, frame.camera)

    def _next(self, shot: Sequence[_ComparedFrame], waiting: deque[TrackedFrame]) -> tuple[TrackedFrame, Tensor]:
        """Takes the first waiting frame, and finds its boxes."""
        index = len(shot) - len(waiting)
        frame = waiting.popleft()
        found = self._moving(shot, index) / frame.maps.scale
        return frame, self.limits.boxes(found, frame.size)

    def _moving(self, shot: Sequence[_ComparedFrame], index: int) -> Tensor:
        """What moves, as left, top, width and height ``(num, 4)`` in pixels of the maps."""
        others = self._others([frame.time for frame in shot], index)
        if others is None:
            return torch.zeros(0, 4)
        differences = [self._difference(shot[index], shot[other]) for other in others]
        difference = np.nan_to_num(np.minimum(*differences))  # NaN if either is
        threshold = max(self.threshold, self.noise * float(np.median(difference)))
        mask = (difference > threshold).astype(np.uint8)
        for operation, pixels in ((self.cv2.MORPH_CLOSE, CLOSE), (self.cv2.MORPH_OPEN, OPEN)):
            element = self.cv2.getStructuringElement(self.cv2.MORPH_ELLIPSE, (pixels, pixels))
            mask = self.cv2.morphologyEx(mask, operation, element)
        found = self.cv2.connectedComponentsWithStats(mask, connectivity=8)[2]
        return torch.as_tensor(found[1:, :4])  # without the background

    def _others(self, times: Sequence[float], index: int) -> tuple[int, int] | None:
        """The two frames to compare with: one on each side, or the longer side's end and middle."""
        now = times[index]
        before, after = _nearest(times, now - self.lag), _nearest(times, now + self.lag)
        if min(now - times[before], times[after] - now) >= self.lag / 2:
            return before, after
        ends = _nearest(times, now - 2 * self.lag), _nearest(times, now + 2 * self.lag)
        far = max(ends, key=lambda end: abs(times[end] - now))
        near = _nearest(times, (times[far] + now) / 2)
        return (near, far) if len({index, near, far}) == 3 else None

    def _difference(self, here: _ComparedFrame, other: _ComparedFrame) -> np.ndarray:
        """The largest difference among the colors ``(height, width)``; NaN where the other frame shows nothing."""
        guess = np.linalg.inv(other.camera) @ here.camera
        matrix = np.linalg.inv(refined(guess, here.gray, other.gray))
        there = self.cv2.warpAffine(
            other.colors,
            matrix[:2],
            here.gray.shape[::-1],
            borderMode=self.cv2.BORDER_CONSTANT,
            borderValue=(float("nan"),) * 3,
        )
        return np.abs(here.colors - there).max(axis=2)


def _nearest(times: Sequence[float], time: float) -> int:
    return min(range(len(times)), key=lambda i: abs(times[i] - time))
