"""Image data sets."""

from vision.datasets.cifar import CIFAR10, CIFAR100
from vision.datasets.folder import ImageFolder
from vision.datasets.image_data import ImageData
from vision.datasets.photo_digits import PhotoDigits
from vision.datasets.stl import STL10

__all__ = ["CIFAR10", "CIFAR100", "STL10", "ImageData", "ImageFolder", "PhotoDigits"]
