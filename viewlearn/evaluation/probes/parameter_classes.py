"""A view's parameters as classes that a probe can be asked for."""

import torch
from torch import Generator, Tensor

from viewlearn.views import Params, RandomApply, View, map_params, share

NUM_DRAWS = 8_192  # from which the bins' edges and the discrete values are found


class Factor:
    """What a view draws, as classes to predict.

    A view's parameters are nested; ``leaf`` picks one, and needn't be given where there is one only. Of it become
    classes:

    * integers or booleans (batch,): their values, such as quarter turns;
    * reals (batch,): ``num_classes`` bins that are equally frequent, such as shifts of the hue;
    * anything else, several parameters (``leaf`` None) or noise maps such as a Viewmaker's: ``num_classes`` settings
      that are drawn once, each sample being given one of them. The probe then asks which one it was.

    A RandomApply is applied to every sample, so that its parameters always show.

    Args:
        view: the view, of which nothing else is in the pipeline.
        leaf: dotted path to the parameter, such as ``"hue"``; None for the only one, or for all together.
        num_classes: bins or settings; for integers found by drawing.

    Raises:
        ValueError: a leaf that isn't there (the message lists those that are), or less than two classes.
    """

    def __init__(self, view: View, leaf: str | None = None, num_classes: int = 4):
        while isinstance(view, RandomApply):
            view = view.view
        if num_classes < 2:
            raise ValueError(f"num_classes is {num_classes}; it must be at least 2")
        self.view, self.leaf, self.num_classes = view, leaf, num_classes
        self.edges = self.values = self.settings = None

    def fit(self, x: Tensor, generator: Generator) -> None:
        """Finds the classes by drawing parameters for samples like x (batch, …)."""
        paths = _paths(self.view.sample(x[:1], generator)) if self.leaf is None else []
        if len(paths) == 1:
            self.leaf = paths[0]
        if self.leaf is None:
            self.settings = self._draw_settings(x, generator)
            return
        drawn = find_leaf(self.view.sample(x[:1], generator), self.leaf)
        if drawn.ndim != 1:
            self.settings = self._draw_settings(x, generator)
            return
        like = x[:1].expand(256, *x.shape[1:])
        drawn = torch.cat([find_leaf(self.view.sample(like, generator), self.leaf) for _ in range(NUM_DRAWS // 256)])
        if drawn.is_floating_point():
            inner = torch.linspace(0, 1, self.num_classes + 1, dtype=drawn.dtype)[1:-1]
            self.edges = torch.quantile(drawn, inner.to(drawn.device))
        else:
            self.values = drawn.unique()
            self.num_classes = len(self.values)
        if self.num_classes < 2:
            raise ValueError(f"{self.leaf!r} always has the same value, {drawn[0].item()}: there is nothing to predict")

    def sample(self, x: Tensor, generator: Generator) -> tuple[Params, Tensor]:
        """Parameters for every sample of x, and the (batch,) classes that they belong to."""
        params = self.view.sample(x, generator)
        if self.settings is None:
            drawn = find_leaf(params, self.leaf)
            known = self.edges if self.edges is not None else self.values
            return params, torch.searchsorted(known.to(drawn), drawn, right=self.edges is not None)
        label = torch.randint(self.num_classes, (len(x),), generator=generator)
        chosen = map_params(lambda values: values[label.to(values.device)], self.settings)
        return (chosen if self.leaf is None else share(params, chosen, self.leaf)), label

    def _draw_settings(self, x: Tensor, generator: Generator) -> Params:
        return self.view.sample(x[:1].expand(self.num_classes, *x.shape[1:]), generator)


def find_leaf(params: Params, leaf: str) -> Tensor:
    """The tensor at a dotted path.

    Raises:
        ValueError: no such path, or one that ends in a dict; the message lists the paths that there are.
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
