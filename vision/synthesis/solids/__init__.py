"""Rendered solids with known class, pose and light."""

from vision.synthesis.solids.render import Solids, boxes_of, in_front_of, render
from vision.synthesis.solids.sets import VARYING, solid_sets
from vision.synthesis.solids.shapes import SOLIDS, signed_distance

__all__ = ["SOLIDS", "VARYING", "Solids", "boxes_of", "in_front_of", "render", "signed_distance", "solid_sets"]
