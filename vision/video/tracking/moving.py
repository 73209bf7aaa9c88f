"""Class-agnostic proposals by motion: what is neither where it was nor where it will be."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vision.video.tracking.camera import refined
from vision.video.tracking.moments import Moment
from vision.video.tracking.proposals import THINGS, BoxLimits, import_opencv

CLOSE, OPEN = 7, 3  # pixels of the maps: holes that are closed, specks that are dropped


class _Shown(NamedTuple):
    """What other frames need of one, see ``Moment``.

    Args:
        time: in seconds.
        colors: ``(height, width, 3)``, of the maps, blurred.
        gray, ground: of the moment.
    """

    time: float
    colors: np.ndarray
    gray: np.ndarray
    ground: np.ndarray


class MovingRegions:
    """Regions that differ from the same place of the scene a moment before and a moment after.

    The two other frames are brought under this one by the camera's motion. A pixel that differs from both belongs to
    something that moves; one that differs from a single one shows where such a thing has been or will be (double
    differences: Kameda & Minoh, "A human motion estimation method using 3-successive video frames", 1996). What
    moves is found whole so, in whatever colors, while a segmentation of the frame finds its parts; what stands still
    isn't found at all.

    Args:
        lag: seconds to the other frames; where there is none within twice that (below 1.25 frames per second for
            0.4 s), nothing is found. Near the ends of a shot, both are on the same side, and what moves by less
            than its size from one to the other is found where it will be (has been), too. What one of them doesn't
            show, at the edges of a panning frame, can't be told to move.
        threshold: difference of color (CIE Lab, in standard deviations of the frame) that counts.
        noise: the same, in medians of the frame's differences: in grainy or shaken pictures everything differs.
        limits: of a box.
    """

    def __init__(self, lag: float = 0.4, threshold: float = 0.3, noise: float = 4.0, limits: BoxLimits = THINGS):
        self.lag = lag
        self.threshold = threshold
        self.noise = noise
        self.limits = limits
        self.cv2 = import_opencv()

    def __call__(self, moments: Iterable[Moment]) -> Iterator[tuple[Moment, Tensor]]:
        """Every moment with its boxes ``(num, 4)``, left, top, right, bottom in pixels of the frame."""
        shot: deque[_Shown] = deque()
        waiting: deque[Moment] = deque()  # the last of the shot, those without boxes yet
        for moment in moments:
            if moment.first:
                while waiting:
                    yield self._next(shot, waiting)
                shot.clear()
            shot.append(self._shown(moment))
            waiting.append(moment)
            while waiting[0].time + 2 * self.lag < moment.time:
                yield self._next(shot, waiting)
                while shot[0].time < waiting[0].time - 2 * self.lag:
                    shot.popleft()
        while waiting:
            yield self._next(shot, waiting)

    def _shown(self, moment: Moment) -> _Shown:
        colors = self.cv2.blur(moment.maps.appearance[:3].permute(1, 2, 0).contiguous().numpy(), (3, 3))
        return _Shown(moment.time, colors, moment.maps.gray, moment.ground)

    def _next(self, shot: Sequence[_Shown], waiting: deque[Moment]) -> tuple[Moment, Tensor]:
        index = len(shot) - len(waiting)
        moment = waiting.popleft()
        found = self._found(shot, index) / moment.maps.scale
        return moment, self.limits.boxes(found, moment.frame.shape[-2:])

    def _found(self, shot: Sequence[_Shown], index: int) -> Tensor:
        """What moves, left, top, width and height ``(num, 4)`` in pixels of the maps."""
        others = self._others([shown.time for shown in shot], index)
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
        return torch.as_tensor(found[1:, :4])  # without the ground

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

    def _difference(self, here: _Shown, other: _Shown) -> np.ndarray:
        """The largest difference among the colors ``(height, width)``; NaN where the other frame shows nothing."""
        guess = np.linalg.inv(other.ground) @ here.ground
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
