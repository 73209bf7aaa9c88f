"""Horizontal flip and quarter turns: views that move pixels without mixing them."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Fraction
from viewlearn.views import Chance, Params, View, draw, parts
from vision.views.checks import check_images


class HorizontalFlip(View):
    """Mirrors images left to right.

    Parameters: ``flipped`` (batch,) booleans.

    Args:
        probability: Probability of an image to be flipped.

    Raises:
        ValueError: A probability outside [0, 1].
    """

    rowwise = True

    def __init__(self, probability: Fraction = 0.5):
        super().__init__()
        self.probability = probability

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"flipped": draw.bernoulli(x, self.probability, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        if not parts.on_host(x):
            return torch.where(params["flipped"][:, None, None, None], x.flip(-1), x)
        rows = params["flipped"].nonzero().squeeze(1)
        return torch.index_copy(x, 0, rows, x.index_select(0, rows).flip(-1))

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        flipped, chance = draw.other_bernoulli(params["flipped"], self.probability)
        return {"flipped": flipped}, chance


class QuarterRotation(View):
    """Rotates square images counter-clockwise by 0°, 90°, 180° or 270°, each with probability 1/4.

    Parameters: ``turns`` (batch,) integers in {0, 1, 2, 3}.

    Raises:
        ValueError: (when called) images that aren't square.

    The rotation view of LooC (Xiao et al. 2021, section 4) and of Gidaris et al. 2018.
    """

    rowwise = True

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"turns": draw.integers(x, 0, 4, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        if x.shape[-1] != x.shape[-2]:
            raise ValueError(f"QuarterRotation needs square images; these have {x.shape[-2]}×{x.shape[-1]} pixels")
        if not parts.on_host(x):
            return _turned(x, params["turns"][:, None, None, None])
        turned = x
        for turns in (1, 2, 3):
            rows = (params["turns"] == turns).nonzero().squeeze(1)
            turned = turned.index_copy(0, rows, x.index_select(0, rows).rot90(turns, dims=(-2, -1)))
        return turned

    def describe(self, resolved: Params) -> Tensor:
        """Describes the turns by three flags, of one, two and three quarter turns."""
        return (resolved["turns"][:, None] == torch.arange(1, 4, device=resolved["turns"].device)).float()

    def sample_other(self, x: Tensor, params: Params, generator: Generator | None = None) -> tuple[Params, Chance]:
        turns, chance = draw.other_integers(params["turns"], 0, 4, generator)
        return {"turns": turns}, chance


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Rotates by 0 to 3 quarter turns: transposed if they are odd, then upside down at 1 and 2, mirrored at 2 and 3."""
    y = torch.where(turns % 2 == 1, x.mT, x)
    y = torch.where((turns == 1) | (turns == 2), y.flip(-2), y)
    return torch.where(turns >= 2, y.flip(-1), y)
