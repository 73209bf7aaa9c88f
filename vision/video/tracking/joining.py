"""Tracks that are one thing, lost behind another and found again as a new one."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from vision.video.tracking.association import areas

SLACK = 0.5  # of the smaller diagonal: how far apart the two courses may be where they meet
TURN = 0.5  # cosine of the angle between the courses, at least: what moves may curve while it is hidden
GROWTH = 2.0  # in area and in speed, between the two
MOVES = 0.5  # diagonals per second, at least: of what stands still it can't be told where it will come out
END = 0.4  # seconds at either end that tell where it comes from and where it goes; courses curve


class Course(NamedTuple):
    """What a track looks like and where it goes.

    Args:
        begin, end: times of its first and last box, in seconds.
        came, goes: place and velocity at either end.
        area, diagonal: medians, in pixels.
        feature: mean over the boxes, of unit length.
    """

    begin: float
    end: float
    came: "Heading"
    goes: "Heading"
    area: float
    diagonal: float
    feature: Tensor

    @property
    def moves(self) -> bool:
        return min(self.came.speed, self.goes.speed) > MOVES * self.diagonal


class Heading(NamedTuple):
    """A straight line through the centers of some boxes.

    Args:
        time: in seconds.
        place: ``(2,)`` pixels, at that time.
        velocity: ``(2,)`` pixels per second.
    """

    time: float
    place: Tensor
    velocity: Tensor

    @property
    def speed(self) -> float:
        """In pixels per second."""
        return float(self.velocity.norm())

    def at(self, time: float) -> Tensor:
        return self.place + (time - self.time) * self.velocity


def course(boxes: Tensor, places: Tensor, times: Tensor, feature: Tensor) -> Course:
    """The course of a thing.

    Args:
        boxes: ``(num, 4)`` in which all of it is seen, at least two.
        places: ``(num, 2)``, their centers, against the background if the camera moves.
        times: ``(num,)`` seconds.
        feature: sum over the boxes.
    """
    return Course(
        float(times[0]),
        float(times[-1]),
        _heading(places, times, (times <= times[0] + END).sum().clamp(min=2), first=True),
        _heading(places, times, (times >= times[-1] - END).sum().clamp(min=2), first=False),
        float(areas(boxes).median()),
        float((boxes[:, 2:] - boxes[:, :2]).norm(dim=1).median()),
        torch.nn.functional.normalize(feature, dim=0),
    )


def _heading(places: Tensor, times: Tensor, num: Tensor, first: bool) -> Heading:
    """Least squares through the first or the last ``num`` places."""
    part = slice(0, int(num)) if first else slice(-int(num), None)
    at, time = places[part].double(), times[part].double()
    middle = time.mean()
    passed = time - middle
    return Heading(float(middle), at.mean(0), (passed[:, None] * at).sum(0) / passed.square().sum())


def joints(courses: Sequence[Course], worth: Tensor, max_gap: float) -> list[tuple[int, int]]:
    """Pairs (ends, begins) of courses that are one moving thing, each course at most once on either side.

    A thing is followed by several tracks at a time, whole and in parts; those that are worth most find each other.

    The second begins at most ``max_gap`` seconds after the first's end, has about its size, speed and direction, and
    both, drawn on straight to the middle of the gap, meet there. Looks only choose among several, as what turns while
    it is hidden shows another side, over another ground. Things that don't move are never joined.

    Args:
        courses: of tracks of one shot.
        worth: ``(num,)`` positive, of these tracks.
        max_gap: in seconds.
    """
    moving = sorted((i for i, each in enumerate(courses) if each.moves), key=lambda i: courses[i].begin)
    begins = [courses[j].begin for j in moving]
    scores = {}
    for i in moving:
        end = courses[i].end
        for j in moving[bisect_right(begins, end) : bisect_right(begins, end + max_gap)]:
            agreement = _agreement(courses[i], courses[j])
            if agreement > 0:
                scores[i, j] = agreement * float(worth[i] * worth[j])
    first, second = (sorted({pair[side] for pair in scores}) for side in (0, 1))
    table = torch.zeros(len(first), len(second), dtype=torch.float64)
    for (i, j), score in scores.items():
        table[first.index(i), second.index(j)] = score
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    found = [(first[row], second[column]) for row, column in zip(rows, columns, strict=True)]
    return [pair for pair in found if pair in scores]


def chains(num: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The numbers below ``num``, those linked by (before, after) pairs in one list, in that order."""
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
    """In [0, 2]; 0 where the two can't be one thing."""
    before, after = one.goes, other.came
    straight = float(before.velocity @ after.velocity) >= TURN * before.speed * after.speed
    alike = 1 / GROWTH < before.speed / after.speed < GROWTH and 1 / GROWTH < one.area / other.area < GROWTH
    if not straight or not alike:
        return 0.0
    middle = (one.end + other.begin) / 2
    apart = float((before.at(middle) - after.at(middle)).norm()) / (SLACK * min(one.diagonal, other.diagonal))
    return max(0.0, 1 - apart) * (1 + float(one.feature @ other.feature))
