"""Image views: batched, with parameters per sample, on float images ``(batch, channel, height, width)`` in [0, 1]."""

from vision.views.blur import GaussianBlur
from vision.views.color import ColorJitter, RandomColorJitter
from vision.views.crop import RandomResizedCrop
from vision.views.erasing import Erasing
from vision.views.flip import HorizontalFlip, QuarterRotation
from vision.views.texture import RandomConvolution
from vision.views.tone import Grayscale, Solarize

__all__ = [
    "ColorJitter",
    "Erasing",
    "GaussianBlur",
    "Grayscale",
    "HorizontalFlip",
    "QuarterRotation",
    "RandomColorJitter",
    "RandomConvolution",
    "RandomResizedCrop",
    "Solarize",
]
