"""A view's parameters as classes that a probe can be asked for."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from viewlearn.views import Params, RandomApply, View, map_params, share

NUM_DRAWS = 8_192  # from which the edges of bins and the discrete values are found


@dataclass(frozen=True)
class ParameterClasses:
    """What a view draws, as classes to predict.

    A view's parameters are nested; ``leaf`` picks one of them, and needn't be given if there is only one. It becomes
    classes as follows:

    * integers or booleans ``(batch,)``: their values, such as quarter turns;
    * reals ``(batch,)``: ``num_classes`` bins that are equally frequent, such as shifts of the hue;
    * anything else, be it several parameters (no ``leaf``) or noise maps such as a Viewmaker's: ``num_classes``
      settings that are drawn once, of which each sample is given one.

    A ``RandomApply`` is applied to every sample, so that its parameters always show.

    Args:
        view: View whose parameters they are; nothing else is in the pipeline.
        leaf: Dotted path to the parameter, such as ``"hue"``; None for the only one, or for all together.
        num_classes: Number of bins or settings; of integers, the values are found by drawing.

    Raises:
        ValueError: There are fewer than two classes.
    """

    view: View
    leaf: str | None = None
    num_classes: int = 4

    def __post_init__(self):
        if self.num_classes < 2:
            raise ValueError(f"num_classes is {self.num_classes}; it must be at least 2")

    def fit(self, x: Tensor, generator: Generator) -> "FittedClasses":
        """Finds the classes by drawing parameters for samples like x ``(batch, …)``.

        Raises:
            ValueError: There is no such leaf (the message lists those that there are), or its value is always the same.
        """
        view, leaf = self.view, self.leaf
        while isinstance(view, RandomApply):
            view = view.view
        if leaf is None:
            paths = _paths(view.sample(x[:1], generator))
            leaf = paths[0] if len(paths) == 1 else None
        if leaf is None or find_leaf(view.sample(x[:1], generator), leaf).ndim != 1:
            settings = view.sample(x[:1].expand(self.num_classes, *x.shape[1:]), generator)
            return Settings(view, self.num_classes, leaf, settings)
        samples = x[:1].expand(256, *x.shape[1:])
        drawn = torch.cat([find_leaf(view.sample(samples, generator), leaf) for _ in range(NUM_DRAWS // 256)])
        if drawn.is_floating_point():
            inner = torch.linspace(0, 1, self.num_classes + 1, dtype=drawn.dtype)[1:-1]
            return Bins(view, self.num_classes, leaf, torch.quantile(drawn, inner.to(drawn.device)))
        values = drawn.unique()
        if len(values) < 2:
            raise ValueError(f"{leaf!r} always has the same value, {drawn[0].item()}: there is nothing to predict")
        return Values(view, len(values), leaf, values)


@dataclass(frozen=True)
class FittedClasses(ABC):
    """Classes that were found, see ``ParameterClasses.fit``.

    Args:
        view: View to apply.
        num_classes: Number of classes.
    """

    view: View
    num_classes: int

    @abstractmethod
    def sample(self, x: Tensor, generator: Generator) -> tuple[Params, Tensor]:
        """Draws parameters for every sample of x, and returns them with the ``(batch,)`` classes they belong to."""


@dataclass(frozen=True)
class Bins(FittedClasses):
    """Equally frequent bins of a real parameter.

    Args:
        view: View to apply.
        num_classes: Number of bins.
        leaf: Dotted path to the parameter.
        edges: Edges between the bins, ``(num_classes − 1,)``.
    """

    leaf: str
    edges: Tensor

    def sample(self, x: Tensor, generator: Generator) -> tuple[Params, Tensor]:
        params = self.view.sample(x, generator)
        drawn = find_leaf(params, self.leaf)
        return params, torch.searchsorted(self.edges.to(drawn), drawn, right=True)


@dataclass(frozen=True)
class Values(FittedClasses):
    """Values of a discrete parameter.

    Args:
        view: View to apply.
        num_classes: Number of values.
        leaf: Dotted path to the parameter.
        values: ``(num_classes,)``, ascending.
    """

    leaf: str
    values: Tensor

    def sample(self, x: Tensor, generator: Generator) -> tuple[Params, Tensor]:
        params = self.view.sample(x, generator)
        drawn = find_leaf(params, self.leaf)
        return params, torch.searchsorted(self.values.to(drawn), drawn)


@dataclass(frozen=True)
class Settings(FittedClasses):
    """Settings of a parameter, or of all together, of which each sample is given one.

    Args:
        view: View to apply.
        num_classes: Number of settings.
        leaf: Dotted path to the parameter; None for all together.
        settings: Parameters of the settings.
    """

    leaf: str | None
    settings: Params

    def sample(self, x: Tensor, generator: Generator) -> tuple[Params, Tensor]:
        params = self.view.sample(x, generator)
        label = torch.randint(self.num_classes, (len(x),), generator=generator)
        chosen = map_params(lambda values: values[label.to(values.device)], self.settings)
        return (chosen if self.leaf is None else share(params, chosen, self.leaf)), label


def find_leaf(params: Params, leaf: str) -> Tensor:
    """Finds the tensor at a dotted path.

    Raises:
        ValueError: There is no such path, or it ends in a dict; the message lists the paths that there are.
    """
    found = params
    for part in leaf.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, Tensor):
        raise ValueError(f"no parameter {leaf!r} in this view; there are: {', '.join(_paths(params)) or 'none'}")
    return found


def _paths(params: Params, prefix: str = "") -> list[str]:
    paths = []
    for name, value in params.items():
        paths += _paths(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return paths
