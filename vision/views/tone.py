"""Views of tone: grayscale and solarize."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import FractionRange
from viewlearn.views import Params, View, draw
from vision.views.checks import check_images, full_precision

LUMA = (0.2989, 0.587, 0.114)  # ITU-R BT.601, rounded as in torchvision


def luma(x: Tensor) -> Tensor:
    """The brightness ``(batch, height, width)`` of RGB images: 0.2989 R + 0.587 G + 0.114 B."""
    red, green, blue = x.unbind(dim=1)
    return (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2])


class Grayscale(View):
    """Replaces all three channels by the brightness 0.2989 R + 0.587 G + 0.114 B. It has no parameters.

    Raises:
        ValueError: (when called) images that don't have three channels.
    """

    rowwise = True

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x, channels=3)
        return luma(full_precision(x)).to(x.dtype)[:, None].repeat(1, 3, 1, 1)


class Solarize(View):
    """Inverts the values that reach a threshold: y = 1 − x where x ≥ threshold, else x.

    Parameters: ``threshold`` (batch,), in [0, 1].

    Args:
        threshold: Smallest and largest threshold; equal ones fix it.

    Raises:
        ValueError: A threshold outside [0, 1].

    Grill et al. 2020, Bootstrap your own latent, appendix B: threshold 0.5 with probability 0.2 on one side.
    """

    rowwise = True

    def __init__(self, threshold: FractionRange = (0.5, 0.5)):
        super().__init__()
        self.threshold = threshold

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"threshold": draw.uniform(x, *self.threshold, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        return torch.where(x >= params["threshold"][:, None, None, None], 1 - x, x)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the part of the values that is inverted, 1 less the threshold."""
        return 1 - resolved["threshold"].float()[:, None]
