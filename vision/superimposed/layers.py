"""Images whose base and overlay are stored apart: flattening them, and the oracle that exchanges their overlays."""

import torch
from torch import Generator, Tensor

from viewlearn.views import Params, View, draw
from viewlearn.views.checks import check_fraction, require


def composite(layered: Tensor) -> Tensor:
    """Base and layer flattened: ``base · (1 − opacity) + color · opacity``, for uint8 rounded to nearest.

    Args:
        layered: ``(…, channel + 4, height, width)``: the base, and the layer's red, green, blue and opacity. uint8, or
            floating-point in [0, 1]. A gray base (one channel) takes the mean of the layer's colors.

    Returns:
        ``(…, channel, height, width)`` of the same type.
    """
    if layered.dtype == torch.uint8:
        base, color, opacity = _parts(layered.float())
        opacity = opacity * (1 / 255)
        return base.add_((color - base).mul_(opacity)).round_().to(torch.uint8)
    base, color, opacity = _parts(layered)
    return base + (color - base) * opacity


def _parts(layered: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    base, color, opacity = layered.split([layered.shape[-3] - 4, 3, 1], dim=-3)
    return base, (color if base.shape[-3] == 3 else color.mean(-3, keepdim=True)), opacity


class Composite(View):
    """Flattens the layers of images that are stored in them; images without layers pass unchanged.

    It is the front end of data with ``layers=True``, so that everything behind it sees ordinary images.

    Args:
        channels: of the base; bound from the data.

    Raises:
        ValueError: ``channels`` isn't given, or x has neither ``channels`` nor ``channels + 4`` of them.
    """

    def __init__(self, channels: int | None = None):
        super().__init__()
        self.channels = require(self, "channels", channels)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return composite(x) if self._layered(x) else x

    def like(self, x: Tensor) -> Tensor:
        if not self._layered(x):
            return x
        return x.new_empty(1).expand(len(x), self.channels, *x.shape[2:])

    def _layered(self, x: Tensor) -> bool:
        if x.shape[1] not in (self.channels, self.channels + 4):
            raise ValueError(
                f"images have {x.shape[1]} channels; expected {self.channels}, or {self.channels + 4} with layers"
            )
        return x.shape[1] != self.channels


class RedrawOverlay(View):
    """An oracle view: with a probability, an image's overlay is drawn anew, its base stays.

    It destroys just the overlay's label, with a known probability, and so tells what a learned view could gain by
    dropping that feature. The new overlay is that of another image of the batch, a draw from the training overlays;
    it has the old label with probability about 1 / number of classes. The images need their layers: build the data
    with ``layers=True``.

    Parameters: ``redraw`` (batch,) booleans and ``donor`` (batch,) positions in the batch.

    Args:
        probability: that an image's overlay is redrawn, in each view.
        channels: of the base; bound from the data.

    Raises:
        ValueError: a probability outside [0, 1], ``channels`` not given, or images without layers.
    """

    stage = "natural"

    def __init__(self, probability: float = 0.5, channels: int | None = None):
        super().__init__()
        self.probability = check_fraction("probability", probability)
        self.channels = require(self, "channels", channels)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        redraw = draw.bernoulli(x, self.probability, generator)
        steps = draw.integers(x, 1, max(len(x), 2), generator)
        return {"redraw": redraw, "donor": (torch.arange(len(x), device=x.device) + steps) % len(x)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if x.shape[1] != self.channels + 4:
            raise ValueError(
                f"images have {x.shape[1]} channels, so their overlay can't be redrawn: it takes the {self.channels} "
                "of the base and 4 of the layer, which data hold when built with layers=True"
            )
        base, layer = x.split([self.channels, 4], dim=1)
        redraw = params["redraw"][:, None, None, None]
        return torch.cat([base, torch.where(redraw, layer[params["donor"]], layer)], dim=1)
