"""Features superimposed on images, each a task of its own, and the oracle that redraws them."""

from vision.superimposed.digits import Digits, ScatteredDigit
from vision.superimposed.letters import Letters
from vision.superimposed.overlay import Overlay, superimpose
from vision.superimposed.planes import Composite, RedrawOverlay, composite
from vision.superimposed.shapes import Shapes

__all__ = [
    "Composite",
    "Digits",
    "Letters",
    "Overlay",
    "RedrawOverlay",
    "ScatteredDigit",
    "Shapes",
    "composite",
    "superimpose",
]
