"""Random resized crop."""

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Pixels, PositiveFractionRange, PositiveRange
from viewlearn.views import Params, View
from viewlearn.views.description import columns
from vision.views.checks import check_images, check_size
from vision.views.flip import HorizontalFlip
from vision.views.random_box import draw_box
from vision.views.resample import Taps, resize_taps, separable


class RandomResizedCrop(View):
    """Cuts a random box out of each image and resizes it, bilinear with antialiasing.

    Parameters: ``box`` (batch, 4): top, left, height, width, as fractions of the image. The edges of drawn boxes lie
    between pixels, where this is torchvision's ``resized_crop(..., antialias=True)``; other boxes may end anywhere,
    and the view is differentiable in them as well. A box is cut to what lies inside the image; one of no length or
    outside the image repeats the pixel that is nearest to it.

    Args:
        size: Side of the output in pixels, or (height, width); bound from the data.
        scale: Smallest and largest area of the box, as fractions of the image's.
        ratio: Smallest and largest aspect ratio (width / height) of the box.

    Raises:
        ValueError: No size or one that isn't positive, a scale outside (0, 1], or a ratio that isn't positive.

    Szegedy et al. 2015, Going deeper with convolutions, section 6; the defaults are SimCLR's.
    """

    rowwise = True

    def __init__(
        self,
        size: tuple[Pixels, Pixels] | Pixels | None = None,
        scale: PositiveFractionRange = (0.08, 1.0),
        ratio: PositiveRange = (3 / 4, 4 / 3),
    ):
        super().__init__()
        self.size = check_size(size, "RandomResizedCrop")
        self.scale = scale
        self.ratio = ratio

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"box": draw_box(x, self.scale, self.ratio, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return resized_crop(x, params["box"], self.size)

    def transform_both(self, x: Tensor, params: Params, after: View, theirs: Params) -> Tensor | None:
        if type(after) is not HorizontalFlip:
            return None
        return resized_crop(x, params["box"], self.size, mirrored=theirs["flipped"])

    def describe(self, resolved: Params) -> Tensor:
        """Describes the box by its center, down and to the right of the image's, and its height and width less 1.

        All four are fractions of the image; the whole image has zeros. The center is told as the box was cut, whatever
        flip follows.
        """
        return columns(*centered(resolved["box"]), *(resolved["box"][:, 2:] - 1).unbind(1))

    def like(self, x: Tensor) -> Tensor:
        return x.new_empty(1).expand(*x.shape[:-2], *self.size)


def centered(box: Tensor) -> tuple[Tensor, Tensor]:
    """Returns where the center of boxes ``(batch, 4)`` lies, down and to the right of the image's, in fractions."""
    top, left, height, width = box.unbind(1)
    return top + height / 2 - 1 / 2, left + width / 2 - 1 / 2


def resized_crop(x: Tensor, box: Tensor, size: tuple[int, int], mirrored: Tensor | None = None) -> Tensor:
    """Cuts a box out of each image, resizes it, and flips some of them, which costs nothing here.

    Args:
        x: ``(batch, channel, height, width)``.
        box: ``(batch, 4)`` top, left, height, width, as fractions of the image.
        size: Height and width of the result in pixels.
        mirrored: ``(batch,)`` booleans: whether to flip the result left to right; None flips no image.
    """
    check_images(x)
    height, width = x.shape[-2:]
    top, left, box_height, box_width = box.unbind(dim=1)
    if height == width and size[0] == size[1]:  # both axes at once
        both = resize_taps(
            torch.cat([top, left]) * height, torch.cat([box_height, box_width]) * height, height, size[0]
        )
        rows, columns = (Taps(*half) for half in zip(*(value.chunk(2) for value in both), strict=True))
    else:
        rows = resize_taps(top * height, box_height * height, height, size[0])
        columns = resize_taps(left * width, box_width * width, width, size[1])
    if mirrored is not None:
        columns = Taps(*(torch.where(mirrored[:, None, None], value.flip(1), value) for value in columns))
    return separable(x, rows, columns)
