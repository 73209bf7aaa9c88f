"""Image data sets."""

from vision.datasets.image_data import ImageData
from vision.datasets.photo_digits import PhotoDigits

__all__ = ["ImageData", "PhotoDigits"]
