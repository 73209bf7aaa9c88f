"""A code that samples carry beside their channels and that no view touches: the purest shortcut that there is.

Stored samples hold the code packed, eight bits in a plane of bytes behind their own channels. The decoder lays it out,
a plane for each bit, 0 or 1 everywhere; what follows in the pipeline acts on the channels in front of these.
"""

from typing import Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import SmallCount
from viewlearn.views import draw
from viewlearn.views.decision import Decisions
from viewlearn.views.others import Chance
from viewlearn.views.params import Params
from viewlearn.views.view import View

BITS_PER_PLANE = 8
Showing = Literal["own", "fresh", "gray"]


def num_planes(bits: int) -> int:
    """Number of stored planes that hold a code of so many bits."""
    return -(-bits // BITS_PER_PLANE)


def pack_code(code: Tensor) -> Tensor:
    """Packs bits ``(batch, bits)`` into bytes ``(batch, planes)`` uint8, the first bit of each eight lowest."""
    padding = num_planes(code.shape[1]) * BITS_PER_PLANE - code.shape[1]
    padded = torch.nn.functional.pad(code.to(torch.uint8), (0, padding)).unflatten(1, (-1, BITS_PER_PLANE))
    return (padded << torch.arange(BITS_PER_PLANE, dtype=torch.uint8, device=code.device)).sum(2, dtype=torch.uint8)


def unpack_code(packed: Tensor, bits: int) -> Tensor:
    """Undoes ``pack_code``: bytes ``(batch, planes)`` to bits ``(batch, bits)`` uint8."""
    places = torch.arange(BITS_PER_PLANE, dtype=torch.uint8, device=packed.device)
    return (packed[:, :, None] >> places & 1).flatten(1)[:, :bits]


class DecodeWithCode(View):
    """Decodes a sample's own channels, and lays its code out as planes behind them.

    Stored ``(batch, channel + ⌈bits/8⌉, …)`` becomes ``(batch, channel + bits, …)``; each of the last ``bits`` planes
    has one value, 0 or 1, everywhere.

    Args:
        decode: Decoder of the channels in front of the code.
        bits: Number of bits.
        showing: ``own`` shows each sample's code; ``fresh`` draws other bits for every view, so that planes tell views
            nothing about each other; ``gray`` shows ½ in all planes, no bit at all.
    """

    def __init__(self, decode: View, bits: SmallCount, showing: Showing = "own"):
        super().__init__()
        self.inner, self.bits, self.showing = decode, bits, showing
        self.rowwise = decode.rowwise

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        params: Params = {"own": self.inner.sample(self._own(x), generator)}
        if self.showing == "fresh":
            params["code"] = draw.bernoulli(x, 0.5, generator, self.bits)
        return params

    def transform(self, x: Tensor, params: Params) -> Tensor:
        decoded = self.inner.transform(self._own(x), params["own"])
        if self.showing == "fresh":
            code = params["code"]
        elif self.showing == "gray":
            code = decoded.new_full((len(x), self.bits), 0.5)
        else:
            code = unpack_code(x[:, -num_planes(self.bits) :].flatten(2)[:, :, 0], self.bits)
        return _joined(decoded, code.to(decoded.dtype))

    def like(self, x: Tensor) -> Tensor:
        decoded = self.inner.like(self._own(x))
        return decoded.new_empty(1).expand(len(x), decoded.shape[1] + self.bits, *decoded.shape[2:])

    def _own(self, x: Tensor) -> Tensor:
        return x[:, : x.shape[1] - num_planes(self.bits)]


class BesideCode(View):
    """Applies a view to the channels in front of a code, which it leaves alone: ``(batch, channel + bits, …)``.

    The code has one value a plane, so that it fits what the view makes, whatever its size. Parameters are those of the
    view.

    Args:
        view: View of the channels in front of the code.
        bits: Number of planes of the code.
    """

    def __init__(self, view: View, bits: SmallCount):
        super().__init__()
        self.view, self.bits = view, bits
        self.stage, self.continuous, self.rowwise = view.stage, view.continuous, view.rowwise

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return self.view.sample(self._own(x), generator)

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return _joined(self.view.transform(self._own(x), params), self._code(x))

    def transform_both(self, x: Tensor, params: Params, after: View, theirs: Params) -> Tensor | None:
        if not isinstance(after, BesideCode):
            return None
        own = self._own(x)
        both = self.view.transform_both(own, params, after.view, theirs)
        if both is None:
            both = after.view.transform(self.view.transform(own, params), theirs)
        return _joined(both, self._code(x))  # put together once, not after each

    def like(self, x: Tensor) -> Tensor:
        made = self.view.like(self._own(x))
        return made.new_empty(1).expand(len(made), made.shape[1] + self.bits, *made.shape[2:])

    def resolve(self, x: Tensor, params: Params) -> Params:
        return self.view.resolve(self._own(x), params)

    def observe(self, x: Tensor, params: Params) -> tuple[Tensor, Decisions]:
        made, decisions = self.view.observe(self._own(x), params)
        return _joined(made, self._code(x)), decisions

    def describe(self, resolved: Params) -> Tensor:
        return self.view.describe(resolved)

    def same(self, params: Params, others: Params) -> Tensor:
        return self.view.same(params, others)

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        return self.view.sample_other(self._own(x), params, generator)

    def _own(self, x: Tensor) -> Tensor:
        return x[:, : x.shape[1] - self.bits]

    def _code(self, x: Tensor) -> Tensor:
        return x[:, -self.bits :].flatten(2)[:, :, 0]


def _joined(x: Tensor, code: Tensor) -> Tensor:
    """Puts a code ``(batch, bits)`` behind channels ``(batch, channel, …)``, a plane for each bit."""
    planes = code.to(x.dtype).reshape(*code.shape, *(1 for _ in x.shape[2:]))
    return torch.cat([x, planes.expand(*code.shape, *x.shape[2:])], dim=1)
