"""The view pipelines of published methods, by name."""

from torch import Tensor

from viewlearn.views import Compose, Params, RandomApply, View, map_params, select
from viewlearn.views.parts import batch_parts
from vision.views import (
    ColorJitter,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomConvolution,
    RandomResizedCrop,
)
from vision.views.checks import check_size

LARGEST_SIZE_WITHOUT_BLUR = 32  # pixels; the CIFAR recipes leave the blur out
# 4 MB in float32: large enough for groups of many images, small enough for the process to keep the memory.
NUM_VALUES_IN_PART = 2**20


class _Pipeline(Compose):
    """A Compose whose views treat each image on its own, so that it may take a large batch through in parts.

    A flip right behind the crop is done by the crop, and the jitter takes the images it is applied to where they
    lie. None of this changes what the entries do one by one.
    """

    def transform(self, x: Tensor, params: Params) -> Tensor:
        leaves: list[Tensor] = []
        map_params(leaves.append, params)
        parts = batch_parts(x, *leaves, num_values=NUM_VALUES_IN_PART)
        if len(parts) <= 1:
            return self._transform_part(x, params)
        y = x.new_empty(self.like(x).shape)
        for part in parts:
            y[part] = self._transform_part(x[part], select(params, part))
        return y

    def _transform_part(self, x: Tensor, params: Params) -> Tensor:
        entries = list(self.entries.items())
        if [type(view) for _, view in entries[:2]] == [RandomResizedCrop, HorizontalFlip]:
            (crop, view), (flip, _) = entries[:2]
            x = view.transform(x, params[crop], mirrored=params[flip]["flipped"])
            entries = entries[2:]
        for name, view in entries:
            if type(view) is RandomApply and type(view.view) is ColorJitter:
                x = view.view.transform(x, params[name]["view"], applied=params[name]["applied"])
            else:
                x = view.transform(x, params[name])
        return x


class SimCLRViews(_Pipeline):
    """SimCLR's views: entries ``crop``, ``flip``, ``color`` (p 0.8), ``gray`` (p 0.2) and ``blur`` (p 0.5).

    Args:
        size: of the output in pixels, or (height, width); bound from the data.
        strength: of the color jitter: brightness, contrast and saturation 0.8, hue 0.2, each times this; the paper
            has 1 for ImageNet and 0.5 for CIFAR-10.
        blur: whether to blur; by default only where a side exceeds 32 pixels, as the paper leaves it out on CIFAR-10.

    Raises:
        ValueError: a size that is missing, a strength that is negative or takes the hue beyond half a turn (2.5).

    Chen et al. 2020, A simple framework for contrastive learning of visual representations, appendix A (ImageNet)
    and B.9 (CIFAR-10). Brightness is a factor, as in the published code since its second version; its first adds.
    """

    def __init__(self, size: tuple[int, int] | int | None = None, strength: float = 1.0, blur: bool | None = None):
        if not 0 <= strength <= 2.5:
            raise ValueError(f"strength is {strength}; it must lie in [0, 2.5], where the hue moves by half a turn")
        size = check_size(size, "SimCLRViews")
        jitter = ColorJitter(0.8 * strength, 0.8 * strength, 0.8 * strength, 0.2 * strength)
        super().__init__(
            {
                "crop": RandomResizedCrop(size),
                "flip": HorizontalFlip(),
                "color": RandomApply(jitter, 0.8),
                "gray": RandomApply(Grayscale(), 0.2),
                **_blur(size, blur),
            }
        )


class MoCoV2Views(_Pipeline):
    """MoCo v2's views: entries ``crop``, ``color`` (p 0.8), ``gray`` (p 0.2), ``blur`` (p 0.5) and ``flip``.

    Args:
        size: of the output in pixels, or (height, width); bound from the data.
        blur: whether to blur; by default only where a side exceeds 32 pixels.

    Raises:
        ValueError: a size that is missing.

    Chen et al. 2020, Improved baselines with momentum contrastive learning, section 3; the order and the numbers
    (crops of at least a fifth of the image, jitter 0.4, 0.4, 0.4, 0.1) are those of the published code.
    """

    def __init__(self, size: tuple[int, int] | int | None = None, blur: bool | None = None):
        size = check_size(size, "MoCoV2Views")
        super().__init__(
            {
                "crop": RandomResizedCrop(size, scale=(0.2, 1.0)),
                "color": RandomApply(ColorJitter(0.4, 0.4, 0.4, 0.1), 0.8),
                "gray": RandomApply(Grayscale(), 0.2),
                **_blur(size, blur),
                "flip": HorizontalFlip(),
            }
        )


class LooCViews(_Pipeline):
    """LooC's views: MoCo v2's with ``rotation`` by quarter turns, and ``texture`` if asked, behind them.

    Factors to leave out are ``color`` (or ``color+gray``), ``rotation`` and ``texture``; crop, flip and blur are drawn
    afresh in every view and have no space of their own. Without LooC it is what the paper calls MoCo + rotation.

    Args:
        size: of the output in pixels, or (height, width), equal for a rotation; bound from the data.
        texture: whether to randomize texture too (``RandomConvolution``, p 0.5), where the paper has style transfer.
        blur: whether to blur; by default only where a side exceeds 32 pixels.

    Raises:
        ValueError: a size that is missing.

    Xiao et al. 2021, What should not be contrastive in contrastive learning, section 4.
    """

    def __init__(self, size: tuple[int, int] | int | None = None, texture: bool = False, blur: bool | None = None):
        size = check_size(size, "LooCViews")
        views = {**MoCoV2Views(size, blur).entries, "rotation": QuarterRotation()}
        super().__init__(views | ({"texture": RandomApply(RandomConvolution(), 0.5)} if texture else {}))


def _blur(size: tuple[int, int], blur: bool | None) -> dict[str, View]:
    blurs = max(size) > LARGEST_SIZE_WITHOUT_BLUR if blur is None else blur
    return {"blur": RandomApply(GaussianBlur(), 0.5)} if blurs else {}
