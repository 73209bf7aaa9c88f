"""Image data that are made and not collected: digits on photographs, scenes of several objects, rendered solids."""

from vision.synthesis.photo_digits import PhotoDigits
from vision.synthesis.photographs import background_crops
from vision.synthesis.scenes import SceneData, Scenes, compose_scenes

__all__ = ["PhotoDigits", "SceneData", "Scenes", "background_crops", "compose_scenes"]
