"""From storage form to natural units."""

import torch
from torch import Generator, Tensor

from viewlearn.views.params import Params
from viewlearn.views.view import View

FULL_SCALE = {torch.uint8: 255.0, torch.int16: 32768.0}


class ToFloat(View):
    """Turns stored integers into float32 in natural units: uint8 / 255 in [0, 1], int16 / 32768 in [-1, 1).

    Floating-point input is in natural units already and passes unchanged. No parameters are drawn.

    Raises:
        ValueError: Another integer type, whose full scale isn't known.
    """

    rowwise = True

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        if x.is_floating_point():
            return x
        if x.dtype not in FULL_SCALE:
            raise ValueError(f"samples are stored as {x.dtype}; allowed are uint8, int16 and floating-point types")
        return x.float().mul_(1 / FULL_SCALE[x.dtype])

    def like(self, x: Tensor) -> Tensor:
        return x if x.is_floating_point() else x.new_empty(1, dtype=torch.float32).expand(x.shape)
