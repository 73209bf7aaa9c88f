"""Parameters of views: nested dicts of tensors whose first dimension is the batch."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

Params = dict[str, Any]  # tensors, or the parameters of inner views, which a view tells apart by name


def map_params(function: Callable[[Tensor], Tensor], params: Params) -> Params:
    """Applies ``function`` to every tensor of a nested dict."""
    return {
        name: map_params(function, value) if isinstance(value, dict) else function(value)
        for name, value in params.items()
    }


def leaves(params: Params) -> Iterator[Tensor]:
    """Yields every tensor of a nested dict."""
    for value in params.values():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield value


def per_sample(value: Tensor, x: Tensor) -> Tensor:
    """Returns ``(batch,)`` values in a shape that broadcasts over x ``(batch, …)``."""
    return value.view(-1, *[1] * (x.ndim - 1))


def select(params: Params, index: Tensor | slice) -> Params:
    """Picks the parameters of some samples, by an index along the batch."""
    return map_params(lambda value: value[index], params)


def share(params: Params, source: Params, *names: str) -> Params:
    """Returns ``params`` with the entries ``names`` taken from ``source``, which are then equal in both views.

    A name reaches into nested entries with dots, as ``"jitter.hue"`` does.

    Raises:
        ValueError: A missing entry; the message lists those that exist.
    """
    shared = dict(params)
    for name in names:
        head, _, rest = name.partition(".")
        if head not in source or head not in params:
            raise ValueError(f"no entry {head!r} in the parameters; there are: {', '.join(sorted(params))}")
        if rest and not isinstance(source[head], dict):
            raise ValueError(f"entry {head!r} has no parts, so {name!r} names nothing")
        shared[head] = share(shared[head], source[head], rest) if rest else source[head]
    return shared


def same_params(params: Params, others: Params) -> Tensor:
    """Returns, for each sample, whether all parameters are equal: ``(batch,)`` booleans, or one True without any."""
    same = torch.tensor(True)  # of no dimension, it joins tensors on any device
    for name, value in params.items():
        other = others[name]
        equal = (
            same_params(value, other) if isinstance(value, dict) else (value == other).reshape(len(value), -1).all(1)
        )
        same = equal & same
    return same


def mix(choice: Tensor, params: Params, others: Params) -> Params:
    """Takes, for each sample, ``params`` where ``choice`` (batch,) is True and ``others`` where it is False."""
    return {
        name: mix(choice, value, others[name])
        if isinstance(value, dict)
        else torch.where(choice.view(-1, *[1] * (value.ndim - 1)), value, others[name])
        for name, value in params.items()
    }
