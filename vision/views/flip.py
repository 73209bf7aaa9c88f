"""Horizontal flip and quarter turns: views that move pixels without mixing them."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Fraction
from viewlearn.views import Params, View, draw
from vision.views.checks import check_images


class HorizontalFlip(View):
    """Mirrors images left to right.

    Parameters: ``flipped`` (batch,) booleans.

    Args:
        probability: Probability of an image to be flipped.

    Raises:
        ValueError: A probability outside [0, 1].
    """

    def __init__(self, probability: Fraction = 0.5):
        super().__init__()
        self.probability = probability

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"flipped": draw.bernoulli(x, self.probability, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        rows = params["flipped"].nonzero().squeeze(1)
        return torch.index_copy(x, 0, rows, x.index_select(0, rows).flip(-1))


class QuarterRotation(View):
    """Rotates square images counter-clockwise by 0°, 90°, 180° or 270°, each with probability 1/4.

    Parameters: ``turns`` (batch,) integers in {0, 1, 2, 3}.

    Raises:
        ValueError: (when called) images that aren't square.

    The rotation view of LooC (Xiao et al. 2021, section 4) and of Gidaris et al. 2018.
    """

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"turns": draw.integers(x, 0, 4, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        if x.shape[-1] != x.shape[-2]:
            raise ValueError(f"QuarterRotation needs square images; these have {x.shape[-2]}×{x.shape[-1]} pixels")
        turned = x
        for turns in (1, 2, 3):
            rows = (params["turns"] == turns).nonzero().squeeze(1)
            turned = turned.index_copy(0, rows, x.index_select(0, rows).rot90(turns, dims=(-2, -1)))
        return turned
