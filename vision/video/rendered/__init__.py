"""Rendered clips, with the truth known."""

from vision.video.rendered.clips import RenderedClip, render_clip
from vision.video.rendered.data import SolidClips

__all__ = ["RenderedClip", "SolidClips", "render_clip"]
