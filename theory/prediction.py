"""What the linear model predicts for real data: which tasks does an encoder learn from given views?

Views are whitened, and each task's between-class directions are found there. The cross-view correlations λ along them
are what the closed forms need: the optimal linear encoder of dimension m keeps the m largest λ of all directions, and a
task is suppressed if its own lie below that cut.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from theory.closed_forms.water_filling import water_fill

LEARNED = 0.5  # a task counts as learned from this part of its between-class variance on


@dataclass(frozen=True)
class TaskPrediction:
    """What the linear model predicts for one labeled task.

    Args:
        name: Name of the task.
        correlations: λ along the task's between-class directions, descending.
        captured: Part in [0, 1] of the between-class variance that the optimal encoder keeps.
        share: Part of the embedding's energy at the given temperature, by mean-field water-filling.
        suppressed_by: Names of learned tasks that correlate more, if this one is not learned.
    """

    name: str
    correlations: tuple[float, ...]
    captured: float
    share: float
    suppressed_by: tuple[str, ...] = ()

    @property
    def mean_correlation(self) -> float:
        """Mean correlation."""
        return sum(self.correlations) / len(self.correlations)


@dataclass(frozen=True)
class Prediction:
    """What the linear model predicts for given views.

    Args:
        tasks: Predictions by name of the task.
        spectrum: All cross-view correlations, descending, (components,).
        cut: Smallest correlation that an encoder of the given dimension keeps.
        noise_edge: √(2 components/pairs); independent views of so few pairs show correlations up to it.
    """

    tasks: dict[str, TaskPrediction]
    spectrum: Tensor
    cut: float
    noise_edge: float


def predict(
    x1: Tensor,
    x2: Tensor,
    labels: Mapping[str, Tensor],
    dim: int,
    temperature: float,
    *,
    components: int = 64,
    shrinkage: float = 1e-3,
) -> Prediction:
    """Estimates λ of every task from pairs of views, and predicts what a linear encoder keeps.

    Args:
        x1: Pixels or features of the first views, (pairs, …).
        x2: Second views of the same instances, (pairs, …).
        labels: Class of every pair in each task, (pairs,) integers; at least two classes.
        dim: Embedding dimension m.
        temperature: Temperature τ of the cosine loss, for the energy shares.
        components: Number of principal components of the views that are kept.
        shrinkage: Part of the mean variance that is added to all variances.

    Raises:
        ValueError: Shapes disagree, a task has one class only, or there are fewer than 4 pairs per component.
    """
    x1, x2 = x1.flatten(1).double(), x2.flatten(1).double()
    components = min(components, x1.shape[1])
    _check(x1, x2, labels, dim, components)
    mean = (x1.mean(0) + x2.mean(0)) / 2
    x1, x2 = x1 - mean, x2 - mean
    stacked = torch.cat([x1, x2])
    _, _, axes = torch.linalg.svd(stacked.mT @ stacked / len(stacked))
    x1, x2 = x1 @ axes[:components].mT, x2 @ axes[:components].mT
    second = (x1.mT @ x1 + x2.mT @ x2) / (2 * len(x1))
    second += shrinkage * second.diagonal().mean() * torch.eye(components, dtype=second.dtype)
    cross = (x1.mT @ x2 + x2.mT @ x1) / (2 * len(x1))
    scale, vectors = torch.linalg.eigh(second)
    whiten = (vectors / scale.sqrt()) @ vectors.mT
    values, directions = torch.linalg.eigh(whiten @ cross @ whiten)
    values, directions = values.flip(0), directions.flip(1)
    shares, _ = water_fill(values.clamp_min(0), temperature, dim)
    middle = (x1 + x2) / 2 @ whiten
    tasks = {
        name: _predict_task(name, _between(middle, classes), values, directions, shares, dim)
        for name, classes in labels.items()
    }
    tasks = {name: _with_rivals(task, tasks) for name, task in tasks.items()}
    edge = math.sqrt(2 * components / len(x1))
    return Prediction(tasks, values, values[min(dim, components) - 1].item(), edge)


def _between(points: Tensor, classes: Tensor) -> Tensor:
    """Returns the between-class covariance of whitened points, (components, components)."""
    scatter = points.new_zeros(points.shape[1], points.shape[1])
    for value in classes.unique():
        mine = points[classes == value]
        offset = mine.mean(0)
        scatter += len(mine) / len(points) * torch.outer(offset, offset)
    return scatter


def _predict_task(
    name: str, between: Tensor, values: Tensor, directions: Tensor, shares: Tensor, dim: int
) -> TaskPrediction:
    variances, axes = torch.linalg.eigh(between)
    variances, axes = variances.flip(0), axes.flip(1)
    kept = variances > 1e-2 * variances[0]  # directions without class differences are only noise
    axes = axes[:, kept]
    transfer = (directions * values) @ directions.mT  # T, the whitened cross-view covariance
    correlations = torch.linalg.eigvalsh(axes.mT @ transfer @ axes).flip(0)
    inside = directions.mT @ between @ directions  # in the coordinates of T's eigenvectors
    amount = inside.diagonal() / inside.trace()
    learned = (torch.arange(len(values)) < dim) & (values > 0)
    spread = (directions.mT @ axes).square().sum(1)  # how much of each eigenvector is the task's
    captured, share = (amount * learned).sum().item(), (shares * spread).sum().item()
    return TaskPrediction(name, tuple(correlations.tolist()), captured, share)


def _with_rivals(task: TaskPrediction, tasks: Mapping[str, TaskPrediction]) -> TaskPrediction:
    if task.captured >= LEARNED:
        return task
    rivals = [
        other
        for other in tasks.values()
        if other.mean_correlation > task.mean_correlation and other.captured >= LEARNED
    ]
    names = tuple(other.name for other in sorted(rivals, key=lambda other: -other.mean_correlation))
    return replace(task, suppressed_by=names)


def _check(x1: Tensor, x2: Tensor, labels: Mapping[str, Tensor], dim: int, components: int) -> None:
    if x1.shape != x2.shape:
        raise ValueError(f"the views differ in shape: {tuple(x1.shape)} and {tuple(x2.shape)}")
    if dim < 1:
        raise ValueError(f"dim must be at least 1, not {dim}")
    if len(x1) < 4 * components:
        raise ValueError(f"{len(x1)} pairs are too few for {components} components, each of which needs 4")
    for name, classes in labels.items():
        if classes.shape != x1.shape[:1]:
            raise ValueError(f"{name} has labels of shape {tuple(classes.shape)} for {len(x1)} pairs")
        if len(classes.unique()) < 2:
            raise ValueError(f"{name} has a single class among these pairs")
