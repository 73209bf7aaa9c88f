"""Leave-one-out draws: for each factor a view that shares this factor, and no other, with the query."""

import warnings
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from viewlearn.views.compose import Compose
from viewlearn.views.params import Params, mix, share

_MAX_REDRAWS = 32  # 1/4 ** 32: no quarter turn stays equal by chance


class LeaveOneOut:
    """Draws a query and n + 1 keys: one that shares nothing with the query, then for each factor one that shares it.

    ::

        query, (k_0, k_1, …, k_n) = LeaveOneOut(views, ["color", "rotation"]).sample(x, generator)

    All entries of k_0 are drawn afresh; so are those of k_i, except that its i-th factor is the query's. Entries that
    aren't factors (crop, flip, …) are drawn afresh for every view. Xiao et al., What Should Not Be Contrastive in
    Contrastive Learning, ICLR 2021, section 3.

    A *discrete* factor may come out equal by chance: one fresh quarter turn in four is the query's, and k_0 would then
    be a wrong negative in the space that keeps the rotation. By default, draws that ``View.same`` calls equal are
    repeated until they differ. The factor of all other keys is then uniform over the values other than the query's.
    What the authors did is unknown.

    Args:
        views: Pipeline of the views.
        factors: Names of its entries, each a factor; ``"color+gray"`` makes one factor of two entries. May be one
            string with commas.
        redraw: Whether a factor that is equal by chance is drawn again.

    Raises:
        ValueError: No factor, a factor named twice, a missing entry (the message lists those that exist) or (when
            sampling) an entry that draws nothing.
    """

    def __init__(self, views: Compose, factors: Sequence[str] | str, redraw: bool = True):
        self.views = views
        self.factors = entries_of(views, factors)
        self.redraw = redraw
        if not self.factors:
            raise ValueError(f"no factors are given; there are: {_choices(views)}")

    @property
    def names(self) -> list[str]:
        """Names of the factors, in order."""
        return list(self.factors)

    def sample(self, x: Tensor, generator: Generator | None = None) -> tuple[Params, list[Params]]:
        """Draws the parameters of the query, and those of the keys k_0 … k_n."""
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
        """Returns, for each sample, whether the factor is the same in two views: ``(batch,)`` booleans.

        Raises:
            ValueError: A factor without parameters, which is always the same.
        """
        entries = self.factors[factor]
        equal = [self.views[name].same(params[name], others[name]) for name in entries]
        if all(each.ndim == 0 for each in equal):
            raise ValueError(f"factor {factor!r} draws no parameters: all views share it, so it can't be left out")
        return torch.stack(torch.broadcast_tensors(*(each.to(equal[-1].device) for each in equal))).all(0)

    def _differ(
        self, factor: str, key: Params, query: Params, likes: dict[str, Tensor], generator: Generator | None
    ) -> Params:
        """Draws the factor of a key again where it is the query's."""
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
        """Returns what each entry takes, as far as drawing is concerned."""
        likes = {}
        for name in self.views.names:
            likes[name] = x
            x = self.views[name].like(x)
        return likes


def entries_of(views: Compose, factors: Sequence[str] | str) -> dict[str, tuple[str, ...]]:
    """Returns the entries of each factor by its name: ``"color+gray,rotation"`` names two factors of three entries.

    Raises:
        ValueError: An entry that isn't in the views, or one that is named twice.
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
    """Lists the entries that a user may name, without those that the pipeline added for the data."""
    return ", ".join(name for name in views.names if name not in ("decode", "front_end")) or "none"
