"""What chosen entries of a pipeline did, in numbers, with as many of them as heads are made for."""

import copy
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from viewlearn.methods.keepers.keeper import Keeper
from viewlearn.views import Compose, Decision, Decisions, LearnedView, Params, Tilted, View
from viewlearn.views.code import BesideCode
from viewlearn.views.leave_one_out import entries_of


class Descriptor:
    """Describes what chosen entries of a pipeline did (``View.describe``), factor by factor.

    How many numbers each has is found by a draw for a sample of the data's shape, when it is made.

    Args:
        views: Pipeline.
        factors: Names of its entries, separated by commas; ``color+gray`` makes one factor of two. None for each entry
            that draws something.
        input_shape: Shape of one sample as the encoder reads it.
        num_samples: Number of samples of a clip, for views before the front end of sounds; None for images.

    Raises:
        ValueError: A factor that isn't in the views, or that draws nothing; no shape; a learned view within another
            view than ``Tilted``, whose decisions aren't known outside.

    Attributes:
        factors: Entries of each factor.
        sizes: Number of numbers of each factor.
    """

    def __init__(
        self,
        views: Compose,
        factors: Sequence[str] | str | None,
        input_shape: tuple[int, ...] | None,
        num_samples: int | None,
    ):
        self.views = views
        shapes = input_shapes(views, input_shape, num_samples)
        if factors is None:
            factors = [name for name, shape in shapes.items() if _size(views[name], shape)]
        self.factors = entries_of(views, factors)
        for factor, entries in self.factors.items():
            for name in entries:
                view = views[name]
                view = view.view if isinstance(view, BesideCode) else view
                if any(isinstance(each, LearnedView) for each in view.modules()) and not isinstance(view, LearnedView):
                    raise ValueError(f"factor {factor!r} has a learned view within another; make it an entry itself")
        sizes = {name: _size(views[name], shapes[name]) for name in self.entries}
        self.sizes = {factor: sum(map(sizes.__getitem__, entries)) for factor, entries in self.factors.items()}
        empty = [factor for factor, size in self.sizes.items() if not size]
        if empty or not self.sizes:
            raise ValueError(f"factors {', '.join(empty) or 'none'} draw nothing that could be told")

    @property
    def num(self) -> int:
        """Number of all numbers."""
        return sum(self.sizes.values())

    @property
    def entries(self) -> frozenset[str]:
        """Names of all entries that are described."""
        return frozenset(name for entries in self.factors.values() for name in entries)

    def __call__(self, params: Params, decisions: Decisions) -> Tensor:
        """Describes one view of each sample: ``(batch, num)``, without gradient.

        Raises:
            ValueError: A view describes itself by more or fewer numbers than it did for a sample of the data's shape.
        """
        parts = []
        for factor, entries in self.factors.items():
            resolved = {name: _resolved(name, self.views[name], params[name], decisions.get(name)) for name in entries}
            parts.append(self.views.describe(resolved).detach())
            if parts[-1].shape[1] != self.sizes[factor]:
                raise ValueError(
                    f"factor {factor!r} is described by {parts[-1].shape[1]} numbers, not {self.sizes[factor]} as for "
                    "a sample of the data's shape: let its view's `describe` return as many for any input"
                )
        return torch.cat(parts, dim=1)

    def split(self, did: Tensor) -> dict[str, Tensor]:
        """Takes numbers ``(batch, num)`` apart by factor."""
        return dict(zip(self.sizes, did.split(list(self.sizes.values()), dim=1), strict=True))


class DescribingKeeper(Keeper):
    """A keeper that is told what chosen entries of the views did.

    Args:
        descriptor: Describes them.
    """

    def __init__(self, descriptor: Descriptor):
        super().__init__()
        self.descriptor = descriptor
        self.described = descriptor.entries

    def describe(self, params: Params, decisions: Decisions) -> Tensor:
        return self.descriptor(params, decisions)


def input_shapes(
    views: Compose, input_shape: tuple[int, ...] | None, num_samples: int | None
) -> dict[str, tuple[int, ...]]:
    """Returns the shape of a sample that each entry of a pipeline gets, without those that were added for the data.

    Args:
        views: Pipeline.
        input_shape: Shape of one sample as the encoder reads it.
        num_samples: Number of samples of a clip, for entries before the front end of sounds; None for images.

    Raises:
        ValueError: No shape.
    """
    if input_shape is None:
        raise ValueError("input_shape is None; give the shape of a sample, (channel, height, width)")
    natural = tuple(input_shape) if num_samples is None else (1, num_samples)
    return {
        name: tuple(input_shape) if view.stage == "encoder" else natural
        for name, view in views.entries.items()
        if name not in ("decode", "front_end")
    }


def _resolved(name: str, view: View, params: Params, decision: Decision | None) -> Params:
    if decision is not None:
        return decision.resolved
    own = view.view if isinstance(view, BesideCode) else view
    if isinstance(own, Tilted) and not own.chooses:  # its choice is made from its parameters alone
        return own.resolve(params["place"], params)
    if isinstance(own, LearnedView):
        raise ValueError(
            f"what {name!r} decides isn't known before views are made, when Tilted's candidates are scored"
        )
    return params


@torch.no_grad()
def _size(view: View, shape: tuple[int, ...]) -> int:
    """Number of numbers that describe what a view did to a sample of this shape."""
    view = copy.deepcopy(view).cpu().eval()  # nothing that normalizes is to record this sample
    x = torch.zeros(1, *shape)
    params = view.sample(x, Generator().manual_seed(0))
    return view.describe(view.resolve(x, params)).shape[1]
