"""Leave-one-out draws: for each factor a view that shares this factor, and no other, with the query."""

import warnings
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from viewlearn.views.compose import Compose
from viewlearn.views.params import Params, mix, share

_MAX_REDRAWS = 32  # 1/4 ** 32: no quarter turn stays equal by chance


class LeaveOneOut:
    """Draws a query and n + 1 keys: one that shares nothing with the query, then one per factor that shares it alone.

        query, (k_0, k_1, …, k_n) = LeaveOneOut(views, ["color", "rotation"]).sample(x, generator)

    k_0 is drawn afresh in all entries; k_i likewise, but its i-th factor is the query's. Entries that are no factors
    (crop, flip, …) are drawn afresh for every view. Xiao et al., What Should Not Be Contrastive in Contrastive
    Learning, ICLR 2021, section 3.

    A *discrete* factor may come out equal by chance: a fresh quarter turn is the query's once in four times, and k_0
    would then be a wrong negative in the space that keeps the rotation. Which draws are equal is asked of the view
    (``View.same``), and by default they are drawn again until they differ. So the factor of all other keys is uniform
    over the values that aren't the query's. What the authors did isn't known.

    Args:
        views: the pipeline.
        factors: names of its entries, each one a factor; ``"color+gray"`` makes one factor of two entries. Also as one
            string with commas.
        redraw: draw again what is equal by chance.

    Raises:
        ValueError: no factor, a factor twice, an entry that isn't there (the message lists those that are) or (when
            sampling) one that draws nothing.
    """

    def __init__(self, views: Compose, factors: Sequence[str] | str, redraw: bool = True):
        self.views = views
        self.factors = entries_of(views, factors)
        self.redraw = redraw
        if not self.factors:
            raise ValueError(f"no factors are given; there are: {_choices(views)}")

    @property
    def names(self) -> list[str]:
        """The factors' names, in order."""
        return list(self.factors)

    def sample(self, x: Tensor, generator: Generator | None = None) -> tuple[Params, list[Params]]:
        """The query's parameters, and those of the keys k_0 … k_n."""
        query = self.views.sample(x, generator)
        fresh = [self.views.sample(x, generator) for _ in range(len(self.factors) + 1)]
        keys = fresh[:1] + [
            share(key, query, *entries) for key, entries in zip(fresh[1:], self.factors.values(), strict=True)
        ]
        if self.redraw:
            likes = self._inputs(x)
            for i, factor in enumerate(self.factors):
                for j in range(len(keys)):
                    if j != i + 1:
                        keys[j] = self._differ(factor, keys[j], query, likes, generator)
        return query, keys

    def same(self, factor: str, params: Params, others: Params) -> Tensor:
        """Per sample, whether the factor is the same in two views: ``(batch,)`` booleans.

        Raises:
            ValueError: a factor without parameters, which is the same always.
        """
        entries = self.factors[factor]
        equal = [self.views[name].same(params[name], others[name]) for name in entries]
        if all(each.ndim == 0 for each in equal):
            raise ValueError(f"factor {factor!r} draws no parameters: all views share it, so it can't be left out")
        return torch.stack(torch.broadcast_tensors(*(each.to(equal[-1].device) for each in equal))).all(0)

    def _differ(
        self, factor: str, key: Params, query: Params, likes: dict[str, Tensor], generator: Generator | None
    ) -> Params:
        """The key with its factor drawn again where it is the query's."""
        for _ in range(_MAX_REDRAWS):
            same = self.same(factor, key, query)
            if not same.any():
                return key
            for name in self.factors[factor]:
                fresh = self.views[name].sample(likes[name], generator)
                key = key | {name: mix(same, fresh, key[name])}
        if self.same(factor, key, query).all():
            warnings.warn(f"factor {factor!r} comes out the same in every draw: its strength is zero", stacklevel=4)
        return key

    def _inputs(self, x: Tensor) -> dict[str, Tensor]:
        """What each entry sees, as far as drawing is concerned."""
        likes = {}
        for name in self.views.names:
            likes[name] = x
            x = self.views[name].like(x)
        return likes


def entries_of(views: Compose, factors: Sequence[str] | str) -> dict[str, tuple[str, ...]]:
    """Each factor's entries, by the factor's name: ``"color+gray,rotation"`` names two factors of three entries.

    Raises:
        ValueError: an entry that isn't in the views, or one that is named twice.
    """
    names = factors.split(",") if isinstance(factors, str) else factors
    found = {name.strip(): tuple(part.strip() for part in name.split("+")) for name in names if name.strip()}
    entries = [entry for parts in found.values() for entry in parts]
    for entry in entries:
        if entry not in views.names:
            raise ValueError(f"no entry {entry!r} in the views; there are: {_choices(views)}")
    if len(set(entries)) < len(entries) or len(found) < len([name for name in names if name.strip()]):
        raise ValueError(f"factors {factors!r} name an entry twice; each belongs to one factor at most")
    return found


def _choices(views: Compose) -> str:
    """The entries that a user may name: those that the pipeline added for the data draw nothing."""
    return ", ".join(name for name in views.names if name not in ("decode", "front_end")) or "none"
