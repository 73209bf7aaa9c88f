"""Image views, presets, image data and superimposed features."""

from vision.data import CIFAR10, CIFAR100, STL10, ImageData, ImageFolder
from vision.presets import CroppedViewmaker, LooCViews, MoCoV2Views, SimCLRViews
from vision.superimposed import Digits, Letters, Overlay, RedrawOverlay, ScatteredDigit, Shapes
from vision.synthesis import MultiDigits, PhotoDigits, RandBit, Trifeature
from vision.views import (
    ColorJitter,
    Erasing,
    GaussianBlur,
    Grayscale,
    HorizontalFlip,
    QuarterRotation,
    RandomColorJitter,
    RandomConvolution,
    RandomResizedCrop,
    Solarize,
)

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "STL10",
    "ColorJitter",
    "CroppedViewmaker",
    "Digits",
    "Erasing",
    "GaussianBlur",
    "Grayscale",
    "HorizontalFlip",
    "ImageData",
    "ImageFolder",
    "Letters",
    "LooCViews",
    "MoCoV2Views",
    "MultiDigits",
    "Overlay",
    "PhotoDigits",
    "QuarterRotation",
    "RandBit",
    "RandomColorJitter",
    "RandomConvolution",
    "RandomResizedCrop",
    "RedrawOverlay",
    "ScatteredDigit",
    "Shapes",
    "SimCLRViews",
    "Solarize",
    "Trifeature",
]
