"""Image data that are made and not collected: digits on photographs, scenes of several objects, rendered solids."""

from vision.synthesis.photo_digits import PhotoDigits

__all__ = ["PhotoDigits"]
