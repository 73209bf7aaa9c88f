"""Class-agnostic proposals by motion: what is neither where it was nor where it will be."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from vision.video.camera import refined
from vision.video.moments import Moment
from vision.video.proposals import as_proposals, import_opencv

CLOSE, OPEN = 7, 3  # pixels of the maps: holes that are closed, specks that are dropped


class MovingRegions:
    """Regions that differ from the same place of the scene a moment before and a moment after.

    The two other frames are brought under this one by the camera's motion. A pixel that differs from both belongs to
    something that moves; one that differs from a single one shows where such a thing has been or will be (double
    differences: Kameda & Minoh, "A human motion estimation method using 3-successive video frames", 1996). What
    moves is found whole so, in whatever colours, while a segmentation of the frame finds its parts; what stands still
    isn't found at all.

    Args:
        lag: seconds to the other frames; where there is none within twice that (below 1.25 frames per second for
            0.4 s), nothing is found. Near the ends of a shot, both are on the same side, and what moves by less
            than its size from one to the other is found where it will be (has been), too. What one of them doesn't
            show, at the edges of a panning frame, can't be told to move.
        threshold: difference of colour (CIE Lab, in standard deviations of the frame) that counts.
        noise: the same, in medians of the frame's differences: in grainy or shaken pictures everything differs.
        min_area, max_area, max_aspect: see ``SelectiveSearch``.
    """

    def __init__(
        self,
        lag: float = 0.4,
        threshold: float = 0.3,
        noise: float = 4.0,
        min_area: float = 0.004,
        max_area: float = 0.4,
        max_aspect: float = 4.0,
    ):
        self.lag = lag
        self.threshold = threshold
        self.noise = noise
        self.limits = (min_area, max_area, max_aspect)
        self.cv2 = import_opencv()

    def __call__(self, moments: Iterable[Moment]) -> Iterator[tuple[Moment, Tensor]]:
        """Every moment with its boxes ``(num, 4)``, left, top, right, bottom in pixels of the frame."""
        shot: deque[Moment] = deque()
        waiting = 0  # the first moment of ``shot`` that has no boxes yet
        for moment in moments:
            if moment.first:
                yield from ((shot[i], self._boxes(shot, i)) for i in range(waiting, len(shot)))
                shot, waiting = deque(), 0
            shot.append(moment)
            while shot[waiting].time + 2 * self.lag < moment.time:
                yield shot[waiting], self._boxes(shot, waiting)
                shot[waiting] = replace(shot[waiting], frame=shot[waiting].frame[:, :0])  # others need its maps only
                waiting += 1
                while shot[0].time < shot[waiting].time - 2 * self.lag:
                    shot.popleft()
                    waiting -= 1
        yield from ((shot[i], self._boxes(shot, i)) for i in range(waiting, len(shot)))

    def _boxes(self, shot: Sequence[Moment], index: int) -> Tensor:
        others = self._others([moment.time for moment in shot], index)
        moment = shot[index]
        if others is None:
            return torch.zeros(0, 4)
        here = self._colors(moment)
        differences = [self._difference(here, shot, index, other) for other in others]
        difference = np.nan_to_num(np.minimum(*differences))  # NaN if either is
        threshold = max(self.threshold, self.noise * float(np.median(difference)))
        mask = (difference > threshold).astype(np.uint8)
        for operation, pixels in ((self.cv2.MORPH_CLOSE, CLOSE), (self.cv2.MORPH_OPEN, OPEN)):
            element = self.cv2.getStructuringElement(self.cv2.MORPH_ELLIPSE, (pixels, pixels))
            mask = self.cv2.morphologyEx(mask, operation, element)
        found = self.cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:, :4]  # without the ground
        return as_proposals(torch.as_tensor(found) / moment.maps.scale, moment.frame.shape[-2:], *self.limits)

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

    def _colors(self, moment: Moment) -> np.ndarray:
        return self.cv2.blur(moment.maps.appearance[:3].permute(1, 2, 0).contiguous().numpy(), (3, 3))

    def _difference(self, here: np.ndarray, shot: Sequence[Moment], index: int, other: int) -> np.ndarray:
        """The largest difference among the colours ``(height, width)``; NaN where the other frame shows nothing."""
        low, high = min(index, other), max(index, other)
        onward = np.eye(3)
        for k in range(low + 1, high + 1):
            onward = shot[k].camera @ onward
        guess = np.linalg.inv(onward) if other < index else onward
        matrix = np.linalg.inv(refined(guess, shot[index].maps.gray, shot[other].maps.gray))
        there = self.cv2.warpAffine(
            self._colors(shot[other]),
            matrix[:2],
            here.shape[1::-1],
            borderMode=self.cv2.BORDER_CONSTANT,
            borderValue=(float("nan"),) * 3,
        )
        return np.abs(here - there).max(axis=2)


def _nearest(times: Sequence[float], time: float) -> int:
    return min(range(len(times)), key=lambda i: abs(times[i] - time))
