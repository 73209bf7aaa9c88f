"""Tracks in the making: followed from frame to frame, and joined if they are of one object."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional

from vision.video.tracking.association import areas, centers
from vision.video.tracking.joining import Course, chains, course, joints
from vision.video.tracking.tracks import Track

MEMORY = 0.9  # weight of the past: of a template from frame to frame, of a velocity from 1/25 s to the next
WHOLE = 0.8  # least area of a box in which all of an object is seen, as a fraction of the median area


@dataclass
class Tracklet:
    """A region that is being followed.

    Args:
        start: Index of its first frame.
        boxes: One box per frame, left, top, right, bottom in pixels.
        seen: One boolean per frame; where False, the box is a guess.
        template: Features that it is known by, of unit length.
        total: Sum of its features over the frames in which it was seen.
        velocity: ``(2,)`` pixels per second.
        contrast: Contrast with its surroundings, mean over the frames in which it was seen. In joined tracklets these
            include the frames at the ends that met, where it was half hidden; so do ``total`` and ``similarities``.
        similarities: Similarity to the template in each frame in which it was seen.
        confirmed: Numbers of its boxes with which a proposal agreed, in order.
        moved: Numbers of its boxes with which a proposal by motion agreed, in order.
        unconfirmed: Seconds in which it was seen since any proposal agreed.
        hidden: Seconds since it was seen.
    """

    start: int
    boxes: list[Tensor]
    seen: list[bool]
    template: Tensor
    total: Tensor
    velocity: Tensor
    contrast: float = 0.0
    similarities: list[float] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    unconfirmed: float = 0.0
    hidden: float = 0.0

    @classmethod
    def begin(cls, index: int, box: Tensor, feature: Tensor, moves: bool) -> "Tracklet":
        """Begins with a proposal, by motion or not."""
        made = cls(index, [box], [True], feature, feature, torch.zeros(2))
        made.confirm(moves)
        return made

    def confirm(self, moves: bool) -> None:
        """Notes that a proposal agrees with its last box."""
        self.confirmed.append(len(self.boxes) - 1)
        self.unconfirmed = 0.0
        if moves:
            self.moved.append(len(self.boxes) - 1)

    def see(self, box: Tensor, feature: Tensor, similarity: float, step: float) -> None:
        """Takes a box of the next frame, ``step`` seconds later."""
        if step > 0 and self.seen[-1]:
            velocity = (centers(box[None]) - centers(self.boxes[-1][None]))[0] / step
            memory = min(MEMORY ** (step * 25), 1 - 1 / len(self.boxes))  # a plain mean over the first frames
            self.velocity = memory * self.velocity + (1 - memory) * velocity
        self.template = functional.normalize(MEMORY * self.template + (1 - MEMORY) * feature, dim=0)
        self.total = self.total + feature
        self.boxes.append(box)
        self.seen.append(True)
        self.similarities.append(similarity)
        self.hidden = 0.0
        self.unconfirmed += step

    def miss(self, guess: Tensor, step: float) -> None:
        """Takes a guessed box of the next frame, ``step`` seconds later, in which it isn't seen."""
        self.boxes.append(guess)
        self.seen.append(False)
        self.hidden += step

    @property
    def last(self) -> int:
        """Number of the last box in which it was seen."""
        return max(k for k, seen in enumerate(self.seen) if seen)

    @property
    def whole(self) -> list[int]:
        """Numbers of its boxes that show it with little doubt, and all of it.

        If it moved most of the time, these lie between the first and the last box in which it was seen to move.
        """
        sure = self.moved if len(self.moved) > len(self.confirmed) / 2 else self.confirmed
        seen = [k for k in range(sure[0], sure[-1] + 1) if self.seen[k]]
        size = areas(torch.stack([self.boxes[k] for k in seen]))
        return [k for k, large in zip(seen, (size >= WHOLE * size.median()).tolist(), strict=True) if large]

    @property
    def prominence(self) -> float:
        """Its contrast, up to doubled by how often it was seen to move."""
        return self.contrast * (1 + min(1.0, len(self.moved) / sum(self.seen)))

    def duration(self, times: Tensor) -> float:
        """Seconds from its first frame to the last in which it was seen; ``times`` are the clip's."""
        return float(times[self.start + self.last] - times[self.start])

    def to_track(self, times: Tensor) -> Track:
        """The track without its hidden end, with gaps interpolated; ``times`` are the clip's."""
        stop = self.last + 1
        boxes, seen = torch.stack(self.boxes[:stop]), torch.tensor(self.seen[:stop])
        boxes = interpolate(boxes, seen, times[self.start : self.start + stop])
        likeness = sum(self.similarities) / max(1, len(self.similarities))
        score = self.duration(times) * float(seen.float().mean()) * likeness * self.prominence**2
        return Track(self.start, boxes, seen, score)


def joined(
    tracklets: Sequence[Tracklet], times: Tensor, camera: Tensor, min_duration: float, max_gap: float
) -> list[Tracklet]:
    """Joins tracklets of one moving object (see ``joints``).

    Args:
        tracklets: All tracklets of a shot.
        times: Times of the clip's frames in seconds.
        camera: ``(num_frames, 3, 3)`` transformations from a frame's pixels to those that the background had in the
            shot's first frame, so that a course is the object's own.
        min_duration: Least duration of a part in seconds; a shorter one doesn't tell where it goes.
        max_gap: Longest gap between two parts in seconds.
    """
    parts: list[Tracklet] = []
    courses: list[Course] = []
    short: list[Tracklet] = []
    for each in tracklets:
        whole = each.whole
        frames = torch.tensor(whole) + each.start
        at = times[frames]
        if len(whole) > 1 and at[-1] - at[0] >= min_duration:
            boxes = torch.stack([each.boxes[k] for k in whole])
            parts.append(each)
            courses.append(course(boxes, _transformed(camera[frames], centers(boxes)), at, each.total))
        else:
            short.append(each)
    weights = torch.tensor([each.to_track(times).score for each in parts])
    pairs = joints(courses, weights, max_gap)
    return short + [_concatenated([parts[i] for i in chain]) for chain in chains(len(parts), pairs)]


def _transformed(matrices: Tensor, points: Tensor) -> Tensor:
    """Transforms points ``(num, 2)``, each by its own matrix ``(num, 3, 3)``."""
    return (matrices[:, :2, :2] @ points[:, :, None].to(matrices)).squeeze(2) + matrices[:, :2, 2]


def _concatenated(parts: Sequence[Tracklet]) -> Tracklet:
    """Makes one tracklet of parts in the order of time; in the gaps it wasn't seen."""
    kept = [part.whole for part in parts]
    joint = parts[0]
    for before, known, part, ahead in zip(parts, kept, parts[1:], kept[1:], strict=False):
        stop, start = before.start + known[-1] + 1 - joint.start, ahead[0]
        gap = part.start + start - joint.start - stop
        count = sum(joint.seen), sum(part.seen)
        later = part.start - joint.start
        joint = replace(
            part,
            start=joint.start,
            boxes=joint.boxes[:stop] + [part.boxes[start]] * gap + part.boxes[start:],
            seen=joint.seen[:stop] + [False] * gap + part.seen[start:],
            total=joint.total + part.total,
            contrast=(count[0] * joint.contrast + count[1] * part.contrast) / sum(count),
            similarities=joint.similarities + part.similarities,
            confirmed=joint.confirmed + [later + k for k in part.confirmed],
            moved=joint.moved + [later + k for k in part.moved],
        )
    return joint


def interpolate(boxes: Tensor, seen: Tensor, times: Tensor) -> Tensor:
    """Replaces the boxes ``(num, 4)`` of unseen frames by ones linear in time between the seen ones on either side."""
    known = seen.nonzero().squeeze(1)
    after = torch.searchsorted(known, torch.arange(len(seen))).clamp(max=len(known) - 1)
    left, right = known[(after - 1).clamp(min=0)], known[after]
    part = ((times - times[left]) / (times[right] - times[left]).clamp(min=1e-9)).float()[:, None]
    between = boxes[left] + part * (boxes[right] - boxes[left])
    return torch.where(seen[:, None], boxes, between)
