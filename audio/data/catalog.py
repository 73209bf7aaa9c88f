"""Lists of recordings with labels, and how they are split."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from viewlearn.data import Split
from viewlearn.sampling import subset


@dataclass(frozen=True)
class Recording:
    """One audio file.

    Args:
        path: Path of the file.
        labels: Class name per task.
        split: Split that it belongs to; None leaves it to ``assign_splits``.
    """

    path: Path
    labels: dict[str, str] = field(default_factory=dict)
    split: Split | None = None


def assign_splits(
    recordings: Sequence[Recording],
    validation_fraction: float,
    test_fraction: float,
    disjoint: str | None = None,
    seed: int = 0,
) -> list[Recording]:
    """Gives every recording a split; those that have one keep it, except for those held out of train for validation.

    Where no recording is marked as test, ``test_fraction`` of all are taken. Units are single recordings, or with
    ``disjoint`` all recordings of one class of that task (a speaker) together: then no such class is in two splits.
    The choice depends on the seed, the sorted units and nothing else.

    Args:
        recordings: Recordings in any order.
        validation_fraction: Fraction in [0, 1) of the units that aren't test; none is taken where some are marked.
        test_fraction: Fraction in [0, 1) of all units; none is taken where some are marked.
        disjoint: Task whose classes aren't divided between splits.
        seed: Seed of the choice.

    Raises:
        ValueError: A fraction outside [0, 1), a task that recordings lack, or classes that marked splits divide.
    """
    for name, value in (("validation_fraction", validation_fraction), ("test_fraction", test_fraction)):
        if not 0 <= value < 1:
            raise ValueError(f"{name} is {value}; it must lie in [0, 1)")
    units = [_unit(recording, disjoint) for recording in recordings]
    splits: dict[str, Split | None] = {}
    for unit, recording in zip(units, recordings, strict=True):
        if splits.setdefault(unit, recording.split) != recording.split:
            raise ValueError(f"{disjoint} {unit!r} is in two splits, which are to be disjoint in it")
    marked = set(splits.values())
    if "test" not in marked:
        _take(splits, "test", test_fraction, (None,), seed)
    if "validation" not in marked:
        _take(splits, "validation", validation_fraction, (None, "train"), seed + 1)
    return [replace(r, split=splits[unit] or "train") for unit, r in zip(units, recordings, strict=True)]


def _unit(recording: Recording, disjoint: str | None) -> str:
    if disjoint is None:
        return str(recording.path)
    if disjoint not in recording.labels:
        raise ValueError(
            f"no {disjoint!r} is known of {recording.path}; tasks: {', '.join(recording.labels) or 'none'}"
        )
    return recording.labels[disjoint]


def _take(
    splits: dict[str, Split | None], name: Split, fraction: float, source: tuple[Split | None, ...], seed: int
) -> None:
    """Moves a fraction of the units in ``source`` to the split ``name``: at least one, unless the fraction is 0."""
    free = sorted(unit for unit, split in splits.items() if split in source)
    count = min(max(1, round(fraction * len(free))), len(free) - 1) if fraction and free else 0
    for position in subset(len(free), count, seed).tolist():
        splits[free[position]] = name


def encode_labels(recordings: Sequence[Recording]) -> tuple[dict[str, tuple[str, ...]], dict[str, torch.Tensor]]:
    """Class names per task, sorted (numbers by value), and labels ``{task: (num,) int64}``.

    Raises:
        ValueError: A recording that lacks a task which another has.
    """
    names = sorted({task for recording in recordings for task in recording.labels})
    for recording in recordings:
        missing = [task for task in names if task not in recording.labels]
        if missing:
            raise ValueError(f"{recording.path} has no label for {missing[0]!r}, which other files have")
    tasks = {task: tuple(sorted({r.labels[task] for r in recordings}, key=_natural)) for task in names}
    index = {task: {name: i for i, name in enumerate(classes)} for task, classes in tasks.items()}
    labels = {task: torch.tensor([index[task][r.labels[task]] for r in recordings]) for task in names}
    return tasks, labels


def _natural(name: str) -> tuple[bool, int, str]:
    return not name.isdigit(), int(name) if name.isdigit() else 0, name
