"""From the linear model to real data: what do its correlations say of the factors of an actual run?

Given pairs of views as vectors and labels of several factors, whiten the views and find each factor's between-class
directions there. The cross-view correlations λ along them are what the closed forms need: the optimal linear encoder of
dimension m keeps the m largest λ of all directions, and a factor is suppressed when its own lie below that cut.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from theory.closed_forms.water_filling import water_fill

LEARNED = 0.5


@dataclass(frozen=True)
class Factor:
    """What the linear model expects of one labeled factor.

    ``correlations``: λ along the factor's between-class directions, descending. ``captured``: part in [0, 1] of its
    between-class variance that the optimal encoder keeps. ``share``: its part of the embedding's energy at the given
    temperature by mean-field water-filling. ``suppressed_by``: factors that keep more while correlating more, when
    less than half of this one is kept.
    """

    name: str
    correlations: tuple[float, ...]
    captured: float
    share: float
    suppressed_by: tuple[str, ...] = ()

    @property
    def strength(self) -> float:
        """The mean correlation."""
        return sum(self.correlations) / len(self.correlations)


@dataclass(frozen=True)
class Bridge:
    """``factors`` by name; ``spectrum``: all cross-view correlations, descending; ``cut``: the smallest that an encoder
    of the given dimension keeps; ``noise_edge``: √(2 components/pairs), below which correlations are what independent
    views of so few pairs would show.
    """

    factors: dict[str, Factor]
    spectrum: Tensor
    cut: float
    noise_edge: float


def estimate(
    x1: Tensor,
    x2: Tensor,
    labels: Mapping[str, Tensor],
    dim: int,
    temperature: float,
    *,
    components: int = 64,
    shrinkage: float = 1e-3,
) -> Bridge:
    """Estimates λ per factor from pairs of views, and predicts what a linear encoder keeps.

    Args:
        x1: First views, (pairs, …): pixels or features; flattened, float.
        x2: Second views of the same instances.
        labels: For each factor the class of every pair, (pairs,) integers; two classes at least.
        dim: Dimension m of the embedding.
        temperature: τ of the cosine loss, for the energy shares.
        components: Principal components of the views that are kept; correlations need many more pairs than that.
        shrinkage: Added to the variances, relative to their mean.

    Raises:
        ValueError: If shapes disagree, a factor has one class only, or there are fewer than 4 pairs per component.
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
    factors = {
        name: _factor(name, _between(middle, classes), values, directions, shares, dim)
        for name, classes in labels.items()
    }
    factors = {name: _with_rivals(factor, factors) for name, factor in factors.items()}
    edge = math.sqrt(2 * components / len(x1))
    return Bridge(factors, values, values[min(dim, components) - 1].item(), edge)


def _between(points: Tensor, classes: Tensor) -> Tensor:
    """Between-class covariance of whitened points, (components, components)."""
    scatter = points.new_zeros(points.shape[1], points.shape[1])
    for value in classes.unique():
        mine = points[classes == value]
        offset = mine.mean(0)
        scatter += len(mine) / len(points) * torch.outer(offset, offset)
    return scatter


def _factor(name: str, between: Tensor, values: Tensor, directions: Tensor, shares: Tensor, dim: int) -> Factor:
    strengths, axes = torch.linalg.eigh(between)
    strengths, axes = strengths.flip(0), axes.flip(1)
    kept = strengths > 1e-2 * strengths[0]  # directions without class differences are only noise
    axes = axes[:, kept]
    transfer = (directions * values) @ directions.mT  # T, the whitened cross-view covariance
    correlations = torch.linalg.eigvalsh(axes.mT @ transfer @ axes).flip(0)
    inside = directions.mT @ between @ directions  # in the coordinates of T's eigenvectors
    amount = inside.diagonal() / inside.trace()
    learned = (torch.arange(len(values)) < dim) & (values > 0)
    spread = (directions.mT @ axes).square().sum(1)  # how much of each eigenvector is the factor's
    return Factor(name, tuple(correlations.tolist()), (amount * learned).sum().item(), (shares * spread).sum().item())


def _with_rivals(factor: Factor, factors: dict[str, Factor]) -> Factor:
    if factor.captured >= LEARNED:
        return factor
    rivals = [
        other
        for other in factors.values()
        if other.captured > factor.captured and other.strength > factor.strength and other.captured >= LEARNED
    ]
    names = tuple(other.name for other in sorted(rivals, key=lambda other: -other.strength))
    return Factor(factor.name, factor.correlations, factor.captured, factor.share, names)


def _check(x1: Tensor, x2: Tensor, labels: Mapping[str, Tensor], dim: int, components: int) -> None:
    if x1.shape != x2.shape:
        raise ValueError(f"the views differ in shape: {tuple(x1.shape)} and {tuple(x2.shape)}")
    if dim < 1:
        raise ValueError(f"dim is at least 1, not {dim}")
    if len(x1) < 4 * components:
        raise ValueError(f"{len(x1)} pairs are too few for {components} components: give 4 pairs for each at least")
    for name, classes in labels.items():
        if classes.shape != x1.shape[:1]:
            raise ValueError(f"{name} has labels of shape {tuple(classes.shape)} for {len(x1)} pairs")
        if len(classes.unique()) < 2:
            raise ValueError(f"{name} has a single class among these pairs")
