"""One thing varies while all else is held: an entry of the views over its range, or a learned view's budget."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Generator, Tensor

from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.views import Compose, Params, View

Setter = Callable[[Params, float], Params]
"""Maps drawn parameters and a strength to the parameters with that strength."""


class Variation(Protocol):
    """A transformation of a known strength: ``variation(x, value, generator)`` is x at that strength, in x's units.

    The same generator state must give the same draws whatever the value, so that only the strength differs.
    """

    def __call__(self, x: Tensor, value: float, generator: Generator) -> Tensor: ...


@dataclass(frozen=True)
class EntryVariation:
    """A view with all parameters as drawn, except for those that are set to the strength.

    ::

        EntryVariation(views, setting("jitter.hue"))    # the hue varies; crop and the rest stay as drawn

    Args:
        view: View that is applied, usually a ``Compose``.
        setter: Function that puts a strength into drawn parameters, see ``setting``.
    """

    view: View
    setter: Setter

    def __call__(self, x: Tensor, value: float, generator: Generator) -> Tensor:
        return self.view.transform(x, self.setter(self.view.sample(x, generator), value))


@runtime_checkable
class Budgeted(Protocol):
    """A view with a distortion budget, such as ``Viewmaker``."""

    budget: float


class BudgetVariation:
    """A learned view, alone or as an entry of a ``Compose``, at varying distortion budgets; its noise is held.

    The view is copied, so the original keeps its budget.

    Args:
        view: View with a budget, or a ``Compose`` that contains one.
        entry: Name of the view with the budget in the ``Compose``; None if ``view`` itself has it.

    Raises:
        ValueError: The view or entry has no budget.
    """

    def __init__(self, view: View, entry: str | None = None):
        self.view = copy.deepcopy(view)
        learned = self.view[entry] if isinstance(self.view, Compose) and entry is not None else self.view
        # torch annotates every unknown attribute of a module as Tensor | Module.
        if not isinstance(learned, Budgeted):  # pyrefly: ignore[unsafe-overlap]
            where = "the view" if entry is None else f"entry {entry!r}"
            raise ValueError(f"{where} is a {type(learned).__name__}, which has no distortion budget")
        self.learned: Budgeted = learned

    def __call__(self, x: Tensor, value: float, generator: Generator) -> Tensor:
        self.learned.budget = value
        return self.view.transform(x, self.view.sample(x, generator))


def setting(*paths: str, **fixed: float) -> Setter:
    """Makes a setter that writes the strength at every path, and each ``fixed`` value at its own path.

    A path reaches into nested entries with dots, as in ``"jitter.hue"``. Every sample gets the same value, in the
    dtype of the drawn one. Names in ``fixed`` have double underscores for dots:
    ``setting("blur.view.sigma", blur__applied=1)`` blurs every sample of a ``RandomApply``.

    Raises:
        ValueError: (when used) A path doesn't exist; the message lists those that do.
    """
    fixed_paths = {name.replace("__", "."): value for name, value in fixed.items()}

    def setter(params: Params, value: float) -> Params:
        for path, number in {**fixed_paths, **dict.fromkeys(paths, value)}.items():
            params = _set(params, path, path, number)
        return params

    return setter


def vary(
    x: Tensor, classes: Tensor, variation: Variation, values: Sequence[float], seed: int = 0, batch_size: int = 256
) -> tuple[Tensor, dict[str, Tensor]]:
    """Makes synthetic sets: every sample at each strength, with everything else drawn once per sample and held.

    Args:
        x: Samples ``(num_samples, …)`` in natural units.
        classes: ``(num_samples,)`` integers.
        variation: What varies.
        values: Strengths, at least 3 (RIS ignores smaller sets).
        seed: Seed of the parameters that are held.
        batch_size: Number of samples transformed at a time.

    Returns:
        The samples ``(num_samples · len(values), …)`` in natural units, and the labels "class", "set" (the sample's
        position in x) and "level" (the strength's position in ``values``). Features are extracted from
        ``ArrayDataset(samples, labels)``; ``layout_of(labels)`` is the layout for the measures.

    Raises:
        ValueError: There are fewer than 3 values, or the classes don't fit x.
    """
    if len(values) < 3:
        raise ValueError(f"values are {list(values)}; a set needs at least 3")
    if classes.shape != (len(x),):
        raise ValueError(f"classes has shape {tuple(classes.shape)} for {len(x)} samples")
    rows = []
    with torch.no_grad():
        for start in range(0, len(x), batch_size):
            batch = x[start : start + batch_size]
            levels = [variation(batch, value, _generator(seed, start)) for value in values]
            rows.append(torch.stack(levels, dim=1).flatten(0, 1))
    sets = torch.arange(len(x)).repeat_interleave(len(values))
    levels = torch.arange(len(values)).repeat(len(x))
    return torch.cat(rows), {"class": classes.repeat_interleave(len(values)), "set": sets, "level": levels}


def layout_of(labels: dict[str, Tensor]) -> SetLayout:
    """Reads the layout off a data set's labels "class" and "set".

    Raises:
        ValueError: One of the two labels is missing.
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
