"""Pipelines of views by name: those of published methods, and the main job's."""

from typing import Annotated

from viewlearn.bounds import Bounds, Channels, Pixels, PositiveFraction, ValueRange, Width
from viewlearn.views import Compose, RandomApply, View, Viewmaker
from viewlearn.views.learned.view import Budget
from vision.views import (
    ColorJitter,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomColorJitter,
    RandomConvolution,
    RandomResizedCrop,
)
from vision.views.checks import check_size

LARGEST_SIZE_WITHOUT_BLUR = 32  # pixels; the CIFAR recipes leave the blur out


class SimCLRViews(Compose):
    """SimCLR's views: entries ``crop``, ``flip``, ``color`` (p 0.8), ``gray`` (p 0.2) and ``blur`` (p 0.5).

    Args:
        size: Side of the output in pixels, or (height, width); bound from the data.
        strength: Strength of the color jitter, times which brightness, contrast and saturation are 0.8 and hue is
            0.2; the paper has 1 for ImageNet and 0.5 for CIFAR-10.
        blur: Whether to blur; by default only if a side exceeds 32 pixels, as the paper leaves it out on CIFAR-10.
        smallest_crop: Smallest area of a crop, as a fraction of the image's, in (0, 1]; the paper has 0.08, and short
            trainings of small encoders gain from more.

    Raises:
        ValueError: No size, a strength that is negative or takes the hue beyond half a turn (2.5), or an area outside
            (0, 1].

    Chen et al. 2020, A simple framework for contrastive learning of visual representations, appendix A (ImageNet)
    and B.9 (CIFAR-10). Brightness is a factor, as in the published code since its second version; its first adds.
    """

    def __init__(
        self,
        size: tuple[Pixels, Pixels] | Pixels | None = None,
        strength: Annotated[float, Bounds(0, 2.5)] = 1.0,
        blur: bool | None = None,
        smallest_crop: PositiveFraction = 0.08,
    ):
        size = check_size(size, "SimCLRViews")
        jitter = ColorJitter(0.8 * strength, 0.8 * strength, 0.8 * strength, 0.2 * strength)
        super().__init__(
            {
                "crop": RandomResizedCrop(size, scale=(smallest_crop, 1.0)),
                "flip": HorizontalFlip(),
                "color": RandomColorJitter(jitter, 0.8),
                "gray": RandomApply(Grayscale(), 0.2),
                **_blur(size, blur),
            }
        )


class MoCoV2Views(Compose):
    """MoCo v2's views: entries ``crop``, ``color`` (p 0.8), ``gray`` (p 0.2), ``blur`` (p 0.5) and ``flip``.

    Args:
        size: Side of the output in pixels, or (height, width); bound from the data.
        blur: Whether to blur; by default only if a side exceeds 32 pixels.

    Raises:
        ValueError: No size.

    Chen et al. 2020, Improved baselines with momentum contrastive learning, section 3; the order and the numbers
    (crops of at least a fifth of the image, jitter 0.4, 0.4, 0.4, 0.1) are those of the published code.
    """

    def __init__(self, size: tuple[Pixels, Pixels] | Pixels | None = None, blur: bool | None = None):
        super().__init__(_moco_v2(check_size(size, "MoCoV2Views"), blur))


class LooCViews(Compose):
    """LooC's views: MoCo v2's with ``rotation`` by quarter turns, and ``texture`` if asked, behind them.

    Factors to leave out are ``color`` (or ``color+gray``), ``rotation`` and ``texture``; crop, flip and blur are drawn
    afresh in every view and have no space of their own. Without LooC it is what the paper calls MoCo + rotation.

    Args:
        size: Side of the output in pixels, or (height, width), equal for a rotation; bound from the data.
        texture: Whether to randomize texture too (``RandomConvolution``, p 0.5), where the paper has style transfer.
        blur: Whether to blur; by default only if a side exceeds 32 pixels.

    Raises:
        ValueError: No size.

    Xiao et al. 2021, What should not be contrastive in contrastive learning, section 4.
    """

    def __init__(
        self, size: tuple[Pixels, Pixels] | Pixels | None = None, texture: bool = False, blur: bool | None = None
    ):
        entries = {**_moco_v2(check_size(size, "LooCViews"), blur), "rotation": QuarterRotation()}
        if texture:
            entries["texture"] = RandomApply(RandomConvolution(), 0.5)
        super().__init__(entries)


class CroppedViewmaker(Compose):
    """Slight crops, then a Viewmaker: entries ``crop`` and ``viewmaker``.

    An adversary that adds can't move anything. A crop of nearly all of the image keeps an encoder from telling images
    apart by the values of single pixels, which costs it little that a person would name.

    Args:
        size: Side of the output in pixels, or (height, width); bound from the data.
        budget: Mean absolute value of what the Viewmaker adds, in units of x, or ``auto``.
        smallest_crop: Smallest area of a crop, as a fraction of the image's, in (0, 1].
        width: Number of channels of the Viewmaker's first layer.
        channels: Number of channels of the images; bound from the data.
        value_range: Least and greatest value of the images; bound from the data.

    Raises:
        ValueError: No size or number of channels, an area outside (0, 1], or a budget that isn't positive.
    """

    def __init__(
        self,
        size: tuple[Pixels, Pixels] | Pixels | None = None,
        budget: Budget = 0.04,
        smallest_crop: PositiveFraction = 0.9,
        width: Channels = 4,
        channels: Width | None = None,
        value_range: ValueRange | None = None,
    ):
        size = check_size(size, "CroppedViewmaker")
        super().__init__(
            {
                "crop": RandomResizedCrop(size, scale=(smallest_crop, 1.0)),
                "viewmaker": Viewmaker(budget, channels, width=width, value_range=value_range),
            }
        )


def _moco_v2(size: tuple[int, int], blur: bool | None) -> dict[str, View]:
    return {
        "crop": RandomResizedCrop(size, scale=(0.2, 1.0)),
        "color": RandomColorJitter(ColorJitter(0.4, 0.4, 0.4, 0.1), 0.8),
        "gray": RandomApply(Grayscale(), 0.2),
        **_blur(size, blur),
        "flip": HorizontalFlip(),
    }


def _blur(size: tuple[int, int], blur: bool | None) -> dict[str, View]:
    blurs = max(size) > LARGEST_SIZE_WITHOUT_BLUR if blur is None else blur
    return {"blur": RandomApply(GaussianBlur(), 0.5)} if blurs else {}
