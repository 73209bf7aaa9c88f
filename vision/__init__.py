"""Image views and presets; image data sets and superimposed features beside them."""

from vision.presets import MoCoV2Views, NoViews, SimCLRViews
from vision.views import (
    ColorJitter,
    Erasing,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomResizedCrop,
    Solarize,
)

__all__ = [
    "ColorJitter",
    "Erasing",
    "GaussianBlur",
    "Grayscale",
    "HorizontalFlip",
    "MoCoV2Views",
    "NoViews",
    "QuarterRotation",
    "RandomResizedCrop",
    "SimCLRViews",
    "Solarize",
]
