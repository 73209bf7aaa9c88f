"""Leave-one-out draws: for each factor a view that shares this factor, and no other, with the query."""

import functools
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from viewlearn.views import parts
from viewlearn.views.compose import Compose
from viewlearn.views.others import sample_others
from viewlearn.views.params import Params, leaves, share


class LeaveOneOut:
    """Draws a query and n + 1 keys: one that shares nothing with the query, then for each factor one that shares it.

    ::

        query, (k_0, k_1, …, k_n) = LeaveOneOut(views, ["color", "rotation"]).sample(x, generator)

    All entries of k_0 are drawn afresh; so are those of k_i, except that its i-th factor is the query's. Entries that
    aren't factors (crop, flip, …) are drawn afresh for every view. Xiao et al., What Should Not Be Contrastive in
    Contrastive Learning, ICLR 2021, section 3.

    A *discrete* factor may come out equal by chance: one fresh quarter turn in four is the query's, and k_0 would then
    be a wrong negative in the space that keeps the rotation. By default, the factors of all other keys are drawn from
    the values other than the query's (``View.sample_other``), with the distribution that repeated draws would have: of
    quarter turns, each of the three others with probability 1/3. What the authors did is unknown.

    Args:
        views: Pipeline of the views.
        factors: Names of its entries, each a factor; ``"color+gray"`` makes one factor of two entries. May be one
            string with commas.
        redraw: Whether factors that are left out differ from the query's in every sample, and not by chance only.

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

    def sample(
        self, x: Tensor, generator: Generator | None = None, choose: Callable[[Params], Params] | None = None
    ) -> tuple[Params, list[Params]]:
        """Draws the parameters of the query, and those of the keys k_0 … k_n.

        Args:
            x: ``(batch, …)``.
            generator: Source of random numbers.
            choose: Scores the query's candidates where a view is ``Tilted``, before keys share what was chosen.
        """
        query = self.views.sample(x, generator)
        query = query if choose is None else choose(query)
        for factor, entries in self.factors.items():
            if not any(True for name in entries for _ in leaves(query[name])):
                raise ValueError(f"factor {factor!r} draws no parameters: all views share it, so it can't be left out")
        if not self.redraw:
            fresh = [self.views.sample(x, generator) for _ in range(len(self.factors) + 1)]
            kept = ((), *self.factors.values())
            return query, [share(key, query, *entries) for key, entries in zip(fresh, kept, strict=True)]
        inputs = self.views.inputs(x)
        keys = [self._key(kept, query, inputs, generator) for kept in (None, *self.factors)]
        if parts.on_host(x):
            for factor in self.factors:
                if self.same(factor, keys[0], query).all():
                    warnings.warn(
                        f"factor {factor!r} comes out the same in every draw: its strength is zero", stacklevel=2
                    )
        return query, keys

    def same(self, factor: str, params: Params, others: Params) -> Tensor:
        """Returns, for each sample, whether the factor is the same in two views: ``(batch,)`` booleans."""
        equal = (self.views[name].same(params[name], others[name]) for name in self.factors[factor])
        return functools.reduce(torch.logical_and, equal)

    def _key(self, kept: str | None, query: Params, inputs: dict[str, Tensor], generator: Generator | None) -> Params:
        """Draws a key that has the query's ``kept`` factor, other values of the other factors, and the rest afresh."""
        key: Params = {}
        for name in self.views.names:  # in the pipeline's order; entries of one factor are drawn together
            if name in key:
                continue
            factor = next((factor for factor, entries in self.factors.items() if name in entries), None)
            if factor is None:
                key[name] = self.views[name].sample(inputs[name], generator)
            elif factor == kept:
                key[name] = query[name]
            else:
                entries = self.factors[factor]
                views = [self.views[entry] for entry in entries]
                own = [query[entry] for entry in entries]
                drawn, _ = sample_others(views, [inputs[entry] for entry in entries], own, generator)
                key |= dict(zip(entries, drawn, strict=True))
        return key


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
