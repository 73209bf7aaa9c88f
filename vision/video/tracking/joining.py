"""Joining tracks of one object that was lost behind something and found again as a new one."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from vision.video.tracking.association import areas

SLACK = 0.5  # of the smaller diagonal: largest distance of two courses where they should meet
MIN_COSINE = 0.5  # of the angle between two courses, which may curve while the object is hidden
MAX_GROWTH = 2.0  # factor between two courses' areas, and between their speeds
MIN_SPEED = 0.5  # diagonals per second; where something that stands still comes out can't be predicted
END = 0.4  # seconds at either end that its heading is fitted to, as courses curve


class Heading(NamedTuple):
    """A straight line through the centers of some boxes.

    Args:
        time: Time in seconds.
        position: ``(2,)`` pixels, at that time.
        velocity: ``(2,)`` pixels per second.
    """

    time: float
    position: Tensor
    velocity: Tensor

    @property
    def speed(self) -> float:
        """Speed in pixels per second."""
        return float(self.velocity.norm())

    def at(self, time: float) -> Tensor:
        """Position ``(2,)`` in pixels at a time in seconds."""
        return self.position + (time - self.time) * self.velocity


class Course(NamedTuple):
    """What a track looks like, where it comes from and where it goes.

    Args:
        begin: Time of its first box, in seconds.
        end: Time of its last box, in seconds.
        arrival: Heading at its begin.
        departure: Heading at its end.
        area: Median area in square pixels.
        diagonal: Median diagonal in pixels.
        feature: Mean over the boxes, of unit length.
    """

    begin: float
    end: float
    arrival: Heading
    departure: Heading
    area: float
    diagonal: float
    feature: Tensor

    @property
    def moves(self) -> bool:
        """Whether it is fast enough to be joined."""
        return min(self.arrival.speed, self.departure.speed) > MIN_SPEED * self.diagonal


def course(boxes: Tensor, positions: Tensor, times: Tensor, feature: Tensor) -> Course:
    """The course of an object.

    Args:
        boxes: ``(num, 4)`` boxes in which all of it is seen, at least two.
        positions: ``(num, 2)`` their centers, relative to the background if the camera moves.
        times: ``(num,)`` seconds.
        feature: Sum of the features over the boxes.
    """
    return Course(
        float(times[0]),
        float(times[-1]),
        _heading(positions, times, (times <= times[0] + END).sum().clamp(min=2), first=True),
        _heading(positions, times, (times >= times[-1] - END).sum().clamp(min=2), first=False),
        float(areas(boxes).median()),
        float((boxes[:, 2:] - boxes[:, :2]).norm(dim=1).median()),
        torch.nn.functional.normalize(feature, dim=0),
    )


def _heading(positions: Tensor, times: Tensor, num: Tensor, first: bool) -> Heading:
    """Fits a line to the first or the last ``num`` positions, by least squares."""
    part = slice(0, int(num)) if first else slice(-int(num), None)
    at, time = positions[part].double(), times[part].double()
    middle = time.mean()
    passed = time - middle
    return Heading(float(middle), at.mean(0), (passed[:, None] * at).sum(0) / passed.square().sum())


def joints(courses: Sequence[Course], weights: Tensor, max_gap: float) -> list[tuple[int, int]]:
    """Finds pairs (before, after) of courses of one moving object, each course at most once on either side.

    The second course begins at most ``max_gap`` seconds after the first one ends, has about its size, speed and
    direction, and meets it in the middle of the gap if both are continued straight. Looks only choose among several
    candidates, as an object that turns while it is hidden shows another side, over another background. Objects that
    don't move are never joined. As several tracks follow an object at a time, whole and in parts, the pairs with the
    largest total of agreement times weights are taken.

    Args:
        courses: Courses of tracks of one shot.
        weights: ``(num,)`` positive weights of these tracks.
        max_gap: Longest gap in seconds.
    """
    moving = sorted((i for i, each in enumerate(courses) if each.moves), key=lambda i: courses[i].begin)
    begins = [courses[j].begin for j in moving]
    scores = {}
    for i in moving:
        end = courses[i].end
        for j in moving[bisect_right(begins, end) : bisect_right(begins, end + max_gap)]:
            agreement = _agreement(courses[i], courses[j])
            if agreement > 0:
                scores[i, j] = agreement * float(weights[i] * weights[j])
    first, second = (sorted({pair[side] for pair in scores}) for side in (0, 1))
    table = torch.zeros(len(first), len(second), dtype=torch.float64)
    for (i, j), score in scores.items():
        table[first.index(i), second.index(j)] = score
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    found = [(first[row], second[column]) for row, column in zip(rows, columns, strict=True)]
    return [pair for pair in found if pair in scores]


def chains(num: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Divides the numbers below ``num`` into lists, in which pairs (before, after) follow one another."""
    after, follows = dict(pairs), {second for _, second in pairs}
    found = []
    for first in range(num):
        if first not in follows:
            chain = [first]
            while chain[-1] in after:
                chain.append(after[chain[-1]])
            found.append(chain)
    return found


def _agreement(one: Course, other: Course) -> float:
    """How well a course continues another one, in [0, 2]; 0 if the two can't be one object."""
    before, after = one.departure, other.arrival
    straight = float(before.velocity @ after.velocity) >= MIN_COSINE * before.speed * after.speed
    alike = all(1 / MAX_GROWTH < ratio < MAX_GROWTH for ratio in (before.speed / after.speed, one.area / other.area))
    if not straight or not alike:
        return 0.0
    middle = (one.end + other.begin) / 2
    apart = float((before.at(middle) - after.at(middle)).norm()) / (SLACK * min(one.diagonal, other.diagonal))
    return max(0.0, 1 - apart) * (1 + float(one.feature @ other.feature))
