"""Image data that are made and not collected: digits on photographs, scenes of several objects, rendered solids."""

from vision.synthesis.multi_digits import MultiDigits
from vision.synthesis.photo_digits import PhotoDigits
from vision.synthesis.photographs import background_crops
from vision.synthesis.random_bits import RandBit
from vision.synthesis.scenes import SceneData, Scenes, compose_scenes
from vision.synthesis.trifeature import Trifeature

__all__ = [
    "MultiDigits",
    "PhotoDigits",
    "RandBit",
    "SceneData",
    "Scenes",
    "Trifeature",
    "background_crops",
    "compose_scenes",
]
