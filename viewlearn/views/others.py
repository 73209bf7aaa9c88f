"""Draws that differ: parameters that make another view than those at hand, as repeated draws would find them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from viewlearn.views import draw
from viewlearn.views.params import Params, mix

if TYPE_CHECKING:
    from viewlearn.views.view import View

MAX_REDRAWS = 32  # 1/4 ** 32: no quarter turn stays equal by chance

Chance = Tensor | float | None
"""Chance that a plain draw makes another view, of each sample or of all; None where it isn't known."""


def redrawn(sample: Callable[[], Params], same: Callable[[Params], Tensor]) -> Params:
    """Draws until no sample is the same; what is still the same after many rounds can't be anything else.

    It knows nothing of the view, and reads in each round whether another is needed: an accelerator waits for that.
    """
    params = sample()
    for _ in range(MAX_REDRAWS):
        again = same(params)
        if not again.any():
            break
        params = mix(again, sample(), params)
    return params


def sample_others(
    views: Sequence[View], inputs: Sequence[Tensor], params: Sequence[Params], generator: Generator | None
) -> tuple[list[Params], Chance]:
    """Draws parameters of several views, at least one of which makes another view than its ``params``.

    With p_i the chance that view i's draw differs and t_i = p_i + (1 − p_i) t_{i+1} that one from i on does, view i is
    made to differ with probability p_i / t_i while all before it are the same, and p_i otherwise. This is the
    distribution of draws of all views, repeated until they differ.

    Args:
        views: Views, which draw independently.
        inputs: What each of them takes, as far as drawing is concerned.
        params: What each is to differ from.
        generator: Source of random numbers.

    Returns:
        The parameters of each view, and the chance that a plain draw of all differs.
    """
    if any(view.continuous for view in views):
        return [view.sample(x, generator) for view, x in zip(views, inputs, strict=True)], 1.0
    drawn = [view.sample_other(x, own, generator) for view, x, own in zip(views, inputs, params, strict=True)]
    others, known = [other for other, _ in drawn], [chance for _, chance in drawn if chance is not None]
    if len(drawn) == 1:
        return others, drawn[0][1]
    if len(known) < len(drawn):
        return _redrawn_together(views, inputs, params, generator), None
    chances = [
        chance if isinstance(chance, Tensor) else torch.full((len(x),), chance, device=x.device)
        for chance, x in zip(known, inputs, strict=True)
    ]
    from_here = [chances[-1]]
    for chance in reversed(chances[:-1]):
        from_here.append(chance + (1 - chance) * from_here[-1])
    differs = torch.zeros_like(chances[0], dtype=torch.bool)
    for i, (chance, later) in enumerate(zip(chances, reversed(from_here), strict=True)):
        wanted = torch.where(differs, chance, chance / later.clamp_min(torch.finfo(later.dtype).tiny))
        other = draw.uniform(inputs[i], 0.0, 1.0, generator) < wanted
        others[i] = mix(other, others[i], params[i])
        differs = differs | other
    return others, from_here[-1]


def _redrawn_together(
    views: Sequence[View], inputs: Sequence[Tensor], params: Sequence[Params], generator: Generator | None
) -> list[Params]:
    names = [str(i) for i in range(len(views))]
    before = dict(zip(names, params, strict=True))

    def same(drawn: Params) -> Tensor:
        equal = (view.same(drawn[name], before[name]) for name, view in zip(names, views, strict=True))
        return functools.reduce(torch.logical_and, equal)

    drawn = redrawn(
        lambda: {name: view.sample(x, generator) for name, view, x in zip(names, views, inputs, strict=True)}, same
    )
    return list(drawn.values())
