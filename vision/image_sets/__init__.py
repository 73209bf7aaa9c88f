"""Sets of images that show one thing, on which invariances are measured."""

from vision.image_sets.published import aloi, coco_boxes, coil100, got10k, pascal3d
from vision.image_sets.sets import Entry, ImageSets, sample_sets

__all__ = ["Entry", "ImageSets", "aloi", "coco_boxes", "coil100", "got10k", "pascal3d", "sample_sets"]
