"""Random erasing."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Fraction, PositiveFractionRange, PositiveRange
from viewlearn.views import Params, View
from viewlearn.views.description import columns
from vision.views.checks import check_images
from vision.views.crop import centered
from vision.views.random_box import draw_box


class Erasing(View):
    """Replaces a random box of each image by a constant.

    Parameters: ``box`` (batch, 4): top, left, height, width, as fractions of the image; a pixel is erased if its
    center lies inside. Wrap the view in ``RandomApply`` to erase only in some images.

    Args:
        scale: Smallest and largest area of the box, as fractions of the image's.
        ratio: Smallest and largest aspect ratio (width / height) of the box. torchvision's is height / width, which
            is the same for ranges that are symmetric on a logarithmic scale, such as the default.
        value: Value of the erased pixels, in [0, 1].

    Raises:
        ValueError: A scale outside (0, 1], a ratio that isn't positive, or a value outside [0, 1].

    Zhong et al. 2020, Random erasing data augmentation, algorithm 1.
    """

    rowwise = True

    def __init__(
        self, scale: PositiveFractionRange = (0.02, 0.33), ratio: PositiveRange = (0.3, 1 / 0.3), value: Fraction = 0.0
    ):
        super().__init__()
        self.scale = scale
        self.ratio = ratio
        self.value = value

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"box": draw_box(x, self.scale, self.ratio, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        check_images(x)
        top, left, height, width = params["box"].unbind(dim=1)
        inside_rows = _inside(top, height, x.shape[-2])
        inside_columns = _inside(left, width, x.shape[-1])
        return torch.where((inside_rows[:, :, None] & inside_columns[:, None, :])[:, None], self.value, x)

    def describe(self, resolved: Params) -> Tensor:
        """Describes the box by its center, down and to the right of the image's, its height and its width."""
        return columns(*centered(resolved["box"]), resolved["box"][:, 2:])


def _inside(start: Tensor, length: Tensor, num: int) -> Tensor:
    """Whether each of ``num`` pixels has its center in an interval, which is in fractions: ``(batch, num)``."""
    center = (torch.arange(num, device=start.device) + 0.5) / num
    return (center >= start[:, None]) & (center < (start + length)[:, None])
