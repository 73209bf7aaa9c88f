"""Views of views: a named chain, and a view that is applied to some samples only."""

from collections.abc import Mapping

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Fraction
from viewlearn.views import draw
from viewlearn.views.decision import Decisions, within
from viewlearn.views.params import Params, select
from viewlearn.views.view import Stage, View


class Compose(View):
    """Applies named views in order; its parameters are ``{name: parameters of that view}``.

    ::

        views = Compose(crop=RandomResizedCrop(32), viewmaker=Viewmaker(channels=3))
        params = views.sample(x, generator)
        params["crop"]                               # what the crop drew
        views["viewmaker"].budget                    # an entry, by name

    Leave-one-out learning, invariance curves and analyses refer to an entry by its name.

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
        for name, view in self.entries.items():
            params[name] = view.sample(x, generator)
            x = view.like(x)
        return params

    def transform(self, x: Tensor, params: Params) -> Tensor:
        for name, view in self.entries.items():
            x = view.transform(x, params[name])
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
        decisions: Decisions = {}
        for name, view in self.entries.items():
            x, made = view.observe(x, params[name])
            decisions |= within(name, made)
        return x, decisions

    def same(self, params: Params, others: Params) -> Tensor:
        same = torch.tensor(True)
        for name, view in self.entries.items():
            equal = view.same(params[name], others[name])
            same = equal & same.to(equal.device)
        return same


class NoViews(Compose):
    """Changes nothing: shows what encoders learn from clean inputs, as a baseline for images and audio alike."""

    def __init__(self):
        super().__init__()


class RandomApply(View):
    """Applies a view to each sample with a given probability; the other samples pass unchanged.

    Parameters: ``applied`` (batch,) booleans, and the inner view's under ``view``, drawn for every sample, so that
    applying the view to one sample doesn't shift the draws of the next. Only samples that it is applied to are
    computed.

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

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "applied": draw.bernoulli(x, self.probability, generator),
            "view": self.view.sample(x, generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        hit = params["applied"].nonzero().squeeze(1)
        if len(hit) == 0:
            return x
        viewed = self.view.transform(x.index_select(0, hit), select(params["view"], hit))
        return self._put(x, hit, viewed)

    def resolve(self, x: Tensor, params: Params) -> Params:
        return {"applied": params["applied"], "view": self.view.resolve(x, params["view"])}

    def observe(self, x: Tensor, params: Params) -> tuple[Tensor, Decisions]:
        hit = params["applied"].nonzero().squeeze(1)
        rows = hit if len(hit) else hit.new_zeros(1)  # one that isn't applied, so that there is something to report
        viewed, decisions = self.view.observe(x.index_select(0, rows), select(params["view"], rows))
        return (self._put(x, hit, viewed) if len(hit) else x), decisions

    def _put(self, x: Tensor, hit: Tensor, viewed: Tensor) -> Tensor:
        if viewed.shape[1:] != x.shape[1:]:
            raise ValueError(
                f"RandomApply can't mix shapes: its view turns {tuple(x.shape[1:])} into {tuple(viewed.shape[1:])}"
            )
        return torch.index_copy(x, 0, hit, viewed.to(x.dtype))

    def same(self, params: Params, others: Params) -> Tensor:
        hit = params["applied"]
        inner = self.view.same(params["view"], others["view"]).to(hit.device)
        return (hit == others["applied"]) & (inner | ~hit)
