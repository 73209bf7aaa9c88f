"""Checks of labels, before any training starts."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def check_labels(
    labels: Mapping[str, Tensor | Sequence[int]], num_samples: int, tasks: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Tensor]:
    """Checks labels and returns them as ``{task: (num_samples,) int64}``.

    Args:
        labels: One integer a sample for each task; −1 for a sample that is unlabeled.
        num_samples: Number of samples that they describe.
        tasks: Class names of each task; without them only labels below −1 are out of range.

    Raises:
        ValueError: Labels of another type or number, a task without class names, or a label out of range; the
            message names the task, the sample, the value and the allowed range.
    """
    checked = {}
    for task, values in labels.items():
        values = torch.as_tensor(values)
        if values.ndim != 1 or len(values) != num_samples:
            raise ValueError(f"task {task!r} has labels of shape {tuple(values.shape)} for {num_samples} samples")
        if len(values) and (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool):
            raise ValueError(f"task {task!r} has labels of type {values.dtype}; they must be integers")
        if tasks is not None and task not in tasks:
            raise ValueError(f"task {task!r} has labels but no class names; tasks with names: {sorted(tasks)}")
        high = len(tasks[task]) if tasks is not None else None
        values = values.long()  # before they are compared with −1, which small unsigned integers can't hold
        _check_range(task, values, high)
        checked[task] = values
    return checked


def _check_range(task: str, values: Tensor, high: int | None) -> None:
    outside = values < -1
    if high is not None:
        outside = outside | (values >= high)
    if outside.any():
        index = int(outside.nonzero()[0])
        allowed = "0 or more, or -1 for unlabeled" if high is None else f"in 0 … {high - 1}, or -1 for unlabeled"
        raise ValueError(
            f"task {task!r}: sample {index} has the label {int(values[index])}, which must be {allowed} "
            f"({int(outside.sum())} such labels)"
        )
