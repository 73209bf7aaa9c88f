"""Images whose base and overlay are kept apart: flattening them, and the oracle that exchanges their overlays."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Fraction, Width
from viewlearn.views import Params, View, draw
from viewlearn.views.checks import require

NUM_OVERLAY_PLANES = 4  # red, green, blue and opacity


def composite(planes: Tensor) -> Tensor:
    """Flattens base and overlay: ``base · (1 − opacity) + color · opacity``, for uint8 rounded to nearest.

    Args:
        planes: ``(…, channel + 4, height, width)``, the base and the overlay's red, green, blue and opacity. uint8, or
            floating-point in [0, 1]. A gray base (one channel) takes the mean of the overlay's colors.

    Returns:
        ``(…, channel, height, width)`` of the same type.
    """
    if planes.dtype == torch.uint8:
        base, color, opacity = _parts(planes.float())
        opacity = opacity * (1 / 255)
        return base.add_((color - base).mul_(opacity)).round_().to(torch.uint8)
    base, color, opacity = _parts(planes)
    return base + (color - base) * opacity


def _parts(planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    base, color, opacity = planes.split([planes.shape[-3] - NUM_OVERLAY_PLANES, 3, 1], dim=-3)
    return base, (color if base.shape[-3] == 3 else color.mean(-3, keepdim=True)), opacity


class Composite(View):
    """Flattens images whose base and overlay are kept apart; images without overlay planes pass unchanged.

    It is the front end of data with ``planes=True``, so that everything behind it sees ordinary images.

    Args:
        channels: Number of channels of the base; bound from the data.

    Raises:
        ValueError: No ``channels``; (when called) images that have neither ``channels`` nor ``channels + 4`` of them.
    """

    def __init__(self, channels: Width | None = None):
        super().__init__()
        self.channels = require(self, "channels", channels)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return composite(x) if self._has_overlay(x) else x

    def like(self, x: Tensor) -> Tensor:
        if not self._has_overlay(x):
            return x
        return x.new_empty(1).expand(len(x), self.channels, *x.shape[2:])

    def _has_overlay(self, x: Tensor) -> bool:
        with_overlay = self.channels + NUM_OVERLAY_PLANES
        if x.shape[1] not in (self.channels, with_overlay):
            raise ValueError(
                f"images have {x.shape[1]} channels; expected {self.channels}, or {with_overlay} with overlay planes"
            )
        return x.shape[1] == with_overlay


class RedrawOverlay(View):
    """An oracle view that replaces an image's overlay by another one with some probability; the base stays.

    It destroys just the overlay's label, with a known probability, and so tells what a learned view could gain by
    dropping that feature. The new overlay is that of another image of the batch, a draw from the training overlays;
    it has the old label with probability about 1 / number of classes. Images must come with their overlay's planes:
    build the data with ``planes=True``.

    Parameters: ``redraw`` (batch,) booleans and ``donor`` (batch,) positions in the batch.

    Args:
        probability: Probability with which an image's overlay is redrawn, in each view.
        channels: Number of channels of the base; bound from the data.

    Raises:
        ValueError: A probability outside [0, 1], no ``channels``; (when called) images without overlay planes.
    """

    stage = "natural"

    def __init__(self, probability: Fraction = 1.0, channels: Width | None = None):
        super().__init__()
        self.probability = probability
        self.channels = require(self, "channels", channels)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        redraw = draw.bernoulli(x, self.probability, generator)
        steps = draw.integers(x, 1, max(len(x), 2), generator)
        return {"redraw": redraw, "donor": (torch.arange(len(x), device=x.device) + steps) % len(x)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if x.shape[1] != self.channels + NUM_OVERLAY_PLANES:
            raise ValueError(
                f"images have {x.shape[1]} channels, so their overlay can't be redrawn: that takes the {self.channels} "
                "of the base and 4 of the overlay, which samples have if their data are built with planes=True"
            )
        base, overlay = x.split([self.channels, NUM_OVERLAY_PLANES], dim=1)
        redraw = params["redraw"][:, None, None, None]
        return torch.cat([base, torch.where(redraw, overlay[params["donor"]], overlay)], dim=1)

    def describe(self, resolved: Params) -> Tensor:
        """Describes whether the overlay was redrawn."""
        return resolved["redraw"].float()[:, None]
