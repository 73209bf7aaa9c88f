"""Image data sets."""

from vision.data.cifar import CIFAR10, CIFAR100
from vision.data.files import FileDataset, Files, find_images
from vision.data.folder import ImageFolder
from vision.data.image_data import ImageData, Source
from vision.data.stl import STL10

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "STL10",
    "FileDataset",
    "Files",
    "ImageData",
    "ImageFolder",
    "Source",
    "find_images",
]
