"""Image views and presets; image data sets and superimposed features beside them."""

from vision.datasets import ImageData, PhotoDigits
from vision.presets import MoCoV2Views, NoViews, SimCLRViews
from vision.superimposed import Digits, Letters, Overlay, RedrawOverlay, ScatteredDigit, Shapes
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
    "Digits",
    "Erasing",
    "GaussianBlur",
    "Grayscale",
    "HorizontalFlip",
    "ImageData",
    "Letters",
    "MoCoV2Views",
    "NoViews",
    "Overlay",
    "PhotoDigits",
    "QuarterRotation",
    "RandomResizedCrop",
    "RedrawOverlay",
    "ScatteredDigit",
    "Shapes",
    "SimCLRViews",
    "Solarize",
]
