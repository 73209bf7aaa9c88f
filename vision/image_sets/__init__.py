"""Sets of images that show one thing, on which invariances are measured."""

from vision.image_sets.published import aloi, coco_boxes, coil100, got10k, pascal3d
from vision.image_sets.sets import Entry, ImageSets, sample_sets
from vision.image_sets.variations import synthetic_variations
from vision.image_sets.views import Illumination, RotateAndScale

__all__ = [
    "Entry",
    "Illumination",
    "ImageSets",
    "RotateAndScale",
    "aloi",
    "coco_boxes",
    "coil100",
    "got10k",
    "pascal3d",
    "sample_sets",
    "synthetic_variations",
]
