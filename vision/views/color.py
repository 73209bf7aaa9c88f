"""Color jitter: brightness, contrast, saturation and hue, in an order of each sample's own."""

from typing import Annotated

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Ascending, Bounds, Fraction, NonNegative, NonNegativeRange
from viewlearn.views import Params, RandomApply, View, draw, parts
from viewlearn.views.checks import Range
from viewlearn.views.description import columns, within_range
from viewlearn.views.parts import part_size
from vision.views.checks import check_images, full_precision
from vision.views.hue import shift_hue
from vision.views.tone import luma

HUE = 3  # number of the hue in an order, behind brightness, contrast and saturation
UNCHANGED = 4  # group of the images that stay as they are, behind those of the hue's four places


Hue = Annotated[float, Bounds(-0.5, 0.5)]
HueRange = Annotated[tuple[Hue, Hue], Ascending()]


class ColorJitter(View):
    """Changes brightness, contrast, saturation and hue by random factors, one after the other in random order::

        brightness: clamp(f x)                              contrast:   clamp(f x + (1 − f) mean(luma(x)))
        saturation: clamp(f x + (1 − f) luma(x))            hue:        moved by f turns in HSV

    Parameters: ``brightness``, ``contrast``, ``saturation`` (batch,) factors, of which 1 changes nothing; ``hue``
    (batch,) in turns, of which 0 changes nothing; ``order`` (batch, 4), a permutation of 0 … 3, which number the
    changes as they stand here. As in torchvision, each image has an order of its own. The view is differentiable in x
    and in all factors.

    Args:
        brightness: Width of the factor's range, uniform in [max(0, 1 − brightness), 1 + brightness]; or (low, high).
        contrast: As brightness.
        saturation: As brightness.
        hue: Largest shift in turns, uniform in [−hue, hue]; or (low, high). At most half a turn.

    Raises:
        ValueError: A negative factor, or a hue outside [−0.5, 0.5]; (when called) images without three channels.

    Chen et al. 2020, A simple framework for contrastive learning, appendix A.
    """

    rowwise = True

    def __init__(
        self,
        brightness: NonNegative | NonNegativeRange = 0.0,
        contrast: NonNegative | NonNegativeRange = 0.0,
        saturation: NonNegative | NonNegativeRange = 0.0,
        hue: Annotated[float, Bounds(0, 0.5)] | HueRange = 0.0,
    ):
        super().__init__()
        self.brightness = _factors("brightness", brightness)
        self.contrast = _factors("contrast", contrast)
        self.saturation = _factors("saturation", saturation)
        self.hue = (-hue, hue) if isinstance(hue, int | float) else hue
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        self.continuous = any(low < high for low, high in ranges)

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "brightness": draw.uniform(x, *self.brightness, generator),
            "contrast": draw.uniform(x, *self.contrast, generator),
            "saturation": draw.uniform(x, *self.saturation, generator),
            "hue": draw.uniform(x, *self.hue, generator),
            "order": draw.uniform(x, 0.0, 1.0, generator, 4).argsort(dim=1),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return _jitter(x, params)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the strength of each change, and when it came: ``(batch, 8)``.

        First brightness, contrast, saturation and hue, each as its distance from what changes nothing in lengths of its
        range; then, in the same order, their places among the four, 0, ⅓, ⅔ or 1.
        """
        ranges = {"brightness": self.brightness, "contrast": self.contrast, "saturation": self.saturation}
        strengths = [within_range(resolved[name], *each, start=1.0) for name, each in ranges.items()]
        strengths.append(within_range(resolved["hue"], *self.hue, start=0.0))
        return columns(*strengths, resolved["order"].argsort(dim=1) / 3)


class RandomColorJitter(RandomApply):
    """A color jitter that is applied to each image with a probability of its own draw.

    It is ``RandomApply(view, probability)``, with the same draws and the same result, and copies fewer images on the
    way, as the jitter sorts them anyway.

    Args:
        view: The color jitter.
        probability: Probability of each image to be changed.

    Raises:
        ValueError: A probability outside [0, 1]; (when called) images without three channels.
    """

    def __init__(self, view: ColorJitter, probability: Fraction = 0.8):
        super().__init__(view, probability)

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return _jitter(x, params["view"], params["applied"])


def _jitter(x: Tensor, params: Params, applied: Tensor | None = None) -> Tensor:
    """Changes the colors of all images, or of those where ``applied`` (batch,) is True."""
    check_images(x, channels=3)
    full = full_precision(x)
    hue, order = params["hue"].to(full.dtype), params["order"]
    coefficients = torch.cat([_blends(params, full.dtype), hue[:, None]], dim=1)
    # Images whose hue comes at the same place make a group: in it, every step is one and the same formula.
    group = (order == HUE).int().argmax(dim=1)
    if not parts.on_host(x):
        return _change_all(full, coefficients, group, applied).to(x.dtype)
    if applied is not None:
        group = torch.where(applied, group, UNCHANGED)
    size = part_size(full, coefficients)
    changed, origin = [], []
    for place in range(UNCHANGED + 1):
        for rows in (group == place).nonzero().squeeze(1).split(size):
            picked = full.index_select(0, rows)
            if place != UNCHANGED:
                picked = _change(picked, coefficients.index_select(0, rows), place)
            changed.append(picked)
            origin.append(rows)
    return torch.cat(changed).index_select(0, torch.cat(origin).argsort()).to(x.dtype)


def _change_all(x: Tensor, coefficients: Tensor, hue_place: Tensor, applied: Tensor | None) -> Tensor:
    """As ``_change``, for all images together: the hue is moved at each place, and kept where it is meant."""
    *blends, _ = coefficients[:, :, None, None].unbind(dim=1)
    changed = x
    for step in range(4):
        here = (hue_place == step)[:, None, None, None]
        changed = torch.where(here, shift_hue(changed, coefficients[:, -1]), changed)
        if blends:
            changed = _blend(changed, *blends[:3])
            blends = blends[3:]
    return changed if applied is None else torch.where(applied[:, None, None, None], changed, x)


def _change(x: Tensor, coefficients: Tensor, hue_place: int) -> Tensor:
    """Applies three blends in their order, and moves the hue after the first ``hue_place`` of them."""
    *blends, _ = coefficients[:, :, None, None].unbind(dim=1)
    for step in range(4):
        if step == hue_place:
            x = shift_hue(x, coefficients[:, -1])
        else:
            x = _blend(x, *blends[:3])
            blends = blends[3:]
    return x


def _blend(x: Tensor, own: Tensor, to_luma: Tensor, to_mean: Tensor) -> Tensor:
    """``clamp(own x + to_luma luma(x) + to_mean mean(luma(x)))``, the form of all changes but hue."""
    gray = luma(x)
    offset = (gray * to_luma).add_(to_mean * gray.mean(dim=(1, 2), keepdim=True))
    return torch.addcmul(offset[:, None], x, own[:, None]).clamp_(0, 1)


def _blends(params: Params, dtype: torch.dtype) -> Tensor:
    """Coefficients ``(batch, 3 steps · 3)`` of the changes other than hue, in each image's order."""
    bright, contrast, saturation = (params[name].to(dtype) for name in ("brightness", "contrast", "saturation"))
    zero = torch.zeros_like(bright)
    rows = [bright, zero, zero, contrast, zero, 1 - contrast, saturation, 1 - saturation, zero]
    blends = torch.stack(rows, dim=1).view(-1, 3, 3)
    order = params["order"]
    place = (order == HUE).int().argmax(dim=1, keepdim=True)
    others = torch.arange(3, device=order.device)
    without_hue = order.gather(1, others + (others >= place))
    return blends.gather(1, without_hue[:, :, None].expand(-1, -1, 3)).flatten(1)


def _factors(name: str, value: float | Range) -> Range:
    if isinstance(value, int | float):
        value = (max(0.0, 1.0 - value), 1.0 + value)
    return value
