"""Views of views: a named chain, and a view that is applied to some samples only."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Fraction
from viewlearn.views import draw, parts
from viewlearn.views.decision import Decisions, within
from viewlearn.views.description import columns, side_by_side
from viewlearn.views.others import Chance, sample_others
from viewlearn.views.outline import is_outline, outline
from viewlearn.views.params import Params, leaves, mix, per_sample, select
from viewlearn.views.parts import NUM_IN_CHAIN, batch_parts, recorded
from viewlearn.views.view import Stage, View


class Compose(View):
    """Applies named views in order; its parameters are ``{name: parameters of that view}``.

    ::

        views = Compose(crop=RandomResizedCrop(32), viewmaker=Viewmaker(channels=3))
        params = views.sample(x, generator)
        params["crop"]                               # what the crop drew
        views["viewmaker"].budget                    # an entry, by name

    Leave-one-out learning, invariance curves and analyses refer to an entry by its name.

    All parameters are drawn before anything is computed, from what ``View.like`` says of each entry's input: tensors
    without values, which refuse to be read.

    Args:
        entries: Views by name, in order; keyword arguments are added behind them.

    Raises:
        ValueError: An entry that isn't a View, or a name that a module can't have.
    """

    entries: Mapping[str, View]

    def __init__(self, entries: dict[str, View] | None = None, **named: View):
        super().__init__()
        entries = {**(entries or {}), **named}
        for name, view in entries.items():
            if not isinstance(view, View):
                raise ValueError(f"entry {name!r} of Compose is a {type(view).__name__}, not a View")
            if "." in name or hasattr(nn.ModuleDict, name):
                raise ValueError(
                    f"{name!r} can't name an entry of Compose: choose a word without dots, not one of dict's"
                )
        self.entries = nn.ModuleDict(entries)  # pyrefly: ignore[bad-assignment]: it knows no type of its values
        self.continuous = any(view.continuous for view in entries.values())
        self.rowwise = all(view.rowwise for view in entries.values())

    def __getitem__(self, name: str) -> View:
        if name not in self.entries:
            raise ValueError(f"no entry {name!r} in these views; there are: {', '.join(self.entries)}")
        return self.entries[name]

    @property
    def names(self) -> list[str]:
        """Names of the entries, in order."""
        return list(self.entries)

    @property
    def stage(self) -> Stage:  # pyrefly: ignore[bad-override]: other views set it once, here the entries decide
        """Stage that all entries share.

        Raises:
            ValueError: Entries of both stages, which fit no single place in a pipeline as a nested Compose.
        """
        stages = {view.stage for view in self.entries.values()}
        if len(stages) > 1:
            raise ValueError(f"a nested Compose mixes views before and behind the front end: {', '.join(self.names)}")
        return stages.pop() if stages else View.stage

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        params = {}
        for name, known in self.inputs(x).items():
            params[name] = self.entries[name].sample(known, generator)
            if any(is_outline(value) for value in leaves(params[name])):
                raise ValueError(
                    f"parameters of entry {name!r} are computed from its input, which has no values when they are "
                    "drawn: draw noise in `sample`, and decide in `transform`"
                )
        return params

    def inputs(self, x: Tensor) -> dict[str, Tensor]:
        """Returns what each entry knows of its input when it draws: shape, dtype and device, and no values."""
        inputs = {}
        for name, view in self.entries.items():
            inputs[name] = x = outline(x)
            x = view.like(x)
        return inputs

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return self.render(x, params)[0]

    def render(self, x: Tensor, params: Params, observed: Collection[str] = ()) -> tuple[Tensor, Decisions]:
        """Returns the view of x under ``params``, and what the learned views in some entries decided, by their paths.

        Entries are computed as one chain: neighbors that can be are fused (``View.transform_both``), and on a CPU large
        batches go through neighbors that are ``rowwise`` in parts. The result has the same bits as entry by entry.

        Args:
            x: ``(batch, …)``.
            params: Parameters of all entries.
            observed: Names of entries whose decisions are wanted.
        """
        decisions: Decisions = {}
        for _, group in groupby(self.entries, lambda name: name if name in observed else self.entries[name].rowwise):
            names = list(group)
            if names[0] in observed:
                x, made = self.entries[names[0]].observe(x, params[names[0]])
                decisions |= within(names[0], made)
            elif self.entries[names[0]].rowwise:
                x = self._in_parts(names, x, params)
            else:
                x = self._chain(names, x, params)
        return x, decisions

    def _in_parts(self, names: Sequence[str], x: Tensor, params: Params) -> Tensor:
        """Takes x through entries that treat each sample by itself."""
        drawn = (value for name in names for value in leaves(params[name]))
        slices = batch_parts(x, *drawn, num_values=NUM_IN_CHAIN)
        if len(slices) <= 1:
            return self._chain(names, x, params)
        whole = None
        for part in slices:
            made = self._chain(names, x[part], {name: select(params[name], part) for name in names})
            if whole is None:
                whole = made.new_empty(len(x), *made.shape[1:])
            whole[part] = made
        assert whole is not None
        return whole

    def _chain(self, names: Sequence[str], x: Tensor, params: Params) -> Tensor:
        """Takes x through these entries, one after the other, or two at once where there is a shorter way."""
        done = 0
        while done < len(names):
            view, own = self.entries[names[done]], params[names[done]]
            both = None
            if done + 1 < len(names) and not recorded(x, *leaves(own)):
                after = names[done + 1]
                both = view.transform_both(x, own, self.entries[after], params[after])
            x = view.transform(x, own) if both is None else both
            done += 1 if both is None else 2
        return x

    def like(self, x: Tensor) -> Tensor:
        for view in self.entries.values():
            x = view.like(x)
        return x

    def resolve(self, x: Tensor, params: Params) -> Params:
        resolved = {}
        for name, view in self.entries.items():
            resolved[name] = view.resolve(x, params[name])
            x = view.transform(x, params[name])
        return resolved

    def observe(self, x: Tensor, params: Params) -> tuple[Tensor, Decisions]:
        return self.render(x, params, self.names)

    def describe(self, resolved: Params) -> Tensor:
        """Puts the numbers of those entries side by side that are in ``resolved``, in the entries' order."""
        return side_by_side([view.describe(resolved[name]) for name, view in self.entries.items() if name in resolved])

    def same(self, params: Params, others: Params) -> Tensor:
        same = torch.tensor(True)  # of no dimension, it joins tensors on any device
        for name, view in self.entries.items():
            same = view.same(params[name], others[name]) & same
        return same

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        inputs = self.inputs(x)
        own = [params[name] for name in self.names]
        others, chance = sample_others(list(self.entries.values()), list(inputs.values()), own, generator)
        return dict(zip(self.names, others, strict=True)), chance


class NoViews(Compose):
    """Changes nothing: shows what encoders learn from clean inputs, as a baseline for images and audio alike."""

    def __init__(self):
        super().__init__()


class RandomApply(View):
    """Applies a view to each sample with a given probability; the other samples pass unchanged.

    Parameters: ``applied`` (batch,) booleans, and the inner view's under ``view``, drawn for every sample, so that
    applying the view to one sample doesn't shift the draws of the next. On a CPU, only samples that it is applied to
    are computed; elsewhere all are, so that nothing waits for what was drawn.

    Args:
        view: View to apply; it must keep the shape.
        probability: Probability that the view is applied to a sample.

    Raises:
        ValueError: A probability outside [0, 1], or (when called) a view that changes the shape.
    """

    def __init__(self, view: View, probability: Fraction = 0.5):
        super().__init__()
        self.view = view
        self.probability = probability
        self.stage = view.stage
        self.continuous = view.continuous and probability == 1
        self.rowwise = view.rowwise

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "applied": draw.bernoulli(x, self.probability, generator),
            "view": self.view.sample(x, generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if not parts.on_host(x):
            return self._choose(x, params["applied"], self.view.transform(x, params["view"]))
        hit = params["applied"].nonzero().squeeze(1)
        if len(hit) == 0:
            return x
        viewed = self.view.transform(x.index_select(0, hit), select(params["view"], hit))
        return self._put(x, hit, viewed)

    def resolve(self, x: Tensor, params: Params) -> Params:
        return {"applied": params["applied"], "view": self.view.resolve(x, params["view"])}

    def observe(self, x: Tensor, params: Params) -> tuple[Tensor, Decisions]:
        if not parts.on_host(x):
            viewed, decisions = self.view.observe(x, params["view"])
            return self._choose(x, params["applied"], viewed), decisions
        hit = params["applied"].nonzero().squeeze(1)
        rows = hit if len(hit) else hit.new_zeros(1)  # one that isn't applied, so that there is something to report
        viewed, decisions = self.view.observe(x.index_select(0, rows), select(params["view"], rows))
        return (self._put(x, hit, viewed) if len(hit) else x), decisions

    def describe(self, resolved: Params) -> Tensor:
        """Describes whether the view was applied, and then what it did: 0 where it wasn't applied."""
        applied = resolved["applied"][:, None].float()
        return columns(applied, self.view.describe(resolved["view"]) * applied)

    def _choose(self, x: Tensor, applied: Tensor, viewed: Tensor) -> Tensor:
        self._must_keep_shape(x, viewed)
        return torch.where(per_sample(applied, x), viewed.to(x.dtype), x)

    def _put(self, x: Tensor, hit: Tensor, viewed: Tensor) -> Tensor:
        self._must_keep_shape(x, viewed)
        return torch.index_copy(x, 0, hit, viewed.to(x.dtype))

    def _must_keep_shape(self, x: Tensor, viewed: Tensor) -> None:
        if viewed.shape[1:] != x.shape[1:]:
            raise ValueError(
                f"RandomApply can't mix shapes: its view turns {tuple(x.shape[1:])} into {tuple(viewed.shape[1:])}"
            )

    def same(self, params: Params, others: Params) -> Tensor:
        hit = params["applied"]
        return (hit == others["applied"]) & (self.view.same(params["view"], others["view"]) | ~hit)

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        inner, chance = self.view.sample_other(x, params["view"], generator)
        if chance is None:
            return super().sample_other(x, params, generator)
        hit, probability = params["applied"], self.probability
        both = probability * chance  # applied, and another view
        either = 1 - probability + both  # where it is applied in ``params``, one that isn't differs as well
        applied = (draw.uniform(x, 0.0, 1.0, generator) * either < both) | (probability == 1)
        if not self.view.continuous:  # beside one that isn't applied, the inner view may be any
            inner = mix(hit | (draw.uniform(x, 0.0, 1.0, generator) < chance), inner, params["view"])
        drawn = {"applied": torch.where(hit, applied, probability > 0), "view": inner}
        return drawn, torch.where(hit, either, probability)
