"""Image data sets."""

from vision.data.cifar import CIFAR10, CIFAR100
from vision.data.folder import ImageFolder
from vision.data.image_data import ImageData
from vision.data.stl import STL10

__all__ = ["CIFAR10", "CIFAR100", "STL10", "ImageData", "ImageFolder"]
