"""One thing that varies while all else is held: an entry of a Compose over its range, or a Viewmaker's budget."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.views import Params, View

Setter = Callable[[Params, float], Params]
"""Parameters that were drawn, and a strength, to the parameters with that strength."""


class Factor(Protocol):
    """A transformation of a known strength: ``factor(x, value, generator)`` is x at that strength, in x's units.

    The same generator state must give the same draws whatever the value, so that only the strength differs.
    """

    def __call__(self, x: Tensor, value: float, generator: Generator) -> Tensor: ...


@dataclass(frozen=True)
class ViewFactor:
    """A view whose parameters are drawn, all but one, which is set.

        ViewFactor(views, setting("jitter.hue"))        # color jitter's hue; crop and the rest as drawn

    Args:
        view: usually a Compose.
        setter: what a strength does to the drawn parameters.
    """

    view: View
    setter: Setter

    def __call__(self, x: Tensor, value: float, generator: Generator) -> Tensor:
        return self.view.transform(x, self.setter(self.view.sample(x, generator), value))


class BudgetFactor:
    """A Viewmaker, alone or as an entry of a Compose, at a distortion budget; its noise is held.

    The view is copied, so that the budget of the original stays what it is.

    Args:
        view: a Viewmaker, or a Compose that has one.
        entry: its name in the Compose.

    Raises:
        ValueError: an entry without a budget.
    """

    def __init__(self, view: View, entry: str | None = None):
        self.view = copy.deepcopy(view)
        self.learned = self.view if entry is None else self.view[entry]
        if not hasattr(self.learned, "budget"):
            where = "the view" if entry is None else f"entry {entry!r}"
            raise ValueError(f"{where} is a {type(self.learned).__name__}, which has no distortion budget")

    def __call__(self, x: Tensor, value: float, generator: Generator) -> Tensor:
        self.learned.budget = value
        return self.view.transform(x, self.view.sample(x, generator))


def setting(*paths: str, **fixed: float) -> Setter:
    """A setter that writes the strength at every path, and the ``fixed`` values at theirs.

    A path reaches into nested entries with dots, as ``"jitter.hue"``. Every sample gets the same value, in the dtype
    of the drawn one. ``fixed`` names have double underscores for dots: ``setting("blur.view.sigma", blur__applied=1)``
    blurs every sample of a ``RandomApply``.

    Raises:
        ValueError: (when used) a path that isn't there; the message lists those that are.
    """
    fixed_paths = {name.replace("__", "."): value for name, value in fixed.items()}

    def setter(params: Params, value: float) -> Params:
        for path, number in {**fixed_paths, **dict.fromkeys(paths, value)}.items():
            params = _set(params, path, path, number)
        return params

    return setter


def vary(
    x: Tensor, classes: Tensor, factor: Factor, values: Sequence[float], seed: int = 0, batch_size: int = 256
) -> tuple[Tensor, dict[str, Tensor]]:
    """Synthetic sets: every sample at each value of a factor, all else drawn once per sample and held.

    Args:
        x: ``(num_samples, …)`` in natural units.
        classes: ``(num_samples,)`` integers.
        factor: what varies.
        values: the strengths, at least 3 (smaller sets count for nothing in RIS).
        seed: of the parameters that are held.
        batch_size: samples that are transformed at a time.

    Returns:
        the samples, ``(num_samples · len(values), …)`` in natural units, and the labels "class", "set" (the index of
        the sample) and "level" (the index of the value): an ``ArrayDataset(x, labels)`` is ready for feature
        extraction, and ``layout_of`` its labels for the measures.

    Raises:
        ValueError: fewer than 3 values, or classes that don't fit x.
    """
    if len(values) < 3:
        raise ValueError(f"values are {list(values)}; a set needs at least 3")
    if classes.shape != (len(x),):
        raise ValueError(f"classes has shape {tuple(classes.shape)} for {len(x)} samples")
    rows = []
    with torch.no_grad():
        for start in range(0, len(x), batch_size):
            batch = x[start : start + batch_size]
            levels = [factor(batch, value, _generator(seed, start)) for value in values]
            rows.append(torch.stack(levels, dim=1).flatten(0, 1))
    sets = torch.arange(len(x)).repeat_interleave(len(values))
    levels = torch.arange(len(values)).repeat(len(x))
    return torch.cat(rows), {"class": classes.repeat_interleave(len(values)), "set": sets, "level": levels}


def layout_of(labels: dict[str, Tensor]) -> SetLayout:
    """The layout of a data set's labels "class" and "set".

    Raises:
        ValueError: a label that is missing.
    """
    for task in ("class", "set"):
        if task not in labels:
            raise ValueError(f"image sets need the label {task!r}; there are: {', '.join(labels) or 'none'}")
    return SetLayout.of(labels["class"], labels["set"])


def _generator(seed: int, start: int) -> Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + start)


def _set(params: Params, path: str, whole: str, value: float) -> Params:
    head, _, rest = path.partition(".")
    if head not in params:
        raise ValueError(f"no parameter {whole!r}: {head!r} isn't among {', '.join(sorted(params)) or 'none'}")
    inner = params[head]
    if rest:
        if not isinstance(inner, dict):
            raise ValueError(f"no parameter {whole!r}: {head!r} has no parts")
        return {**params, head: _set(inner, rest, whole, value)}
    if isinstance(inner, dict):
        raise ValueError(f"{whole!r} is no parameter but a group of: {', '.join(sorted(inner)) or 'none'}")
    return {**params, head: torch.full_like(inner, value)}
