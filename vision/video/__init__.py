"""Video: clips, windows of their frames, views over time, tracked regions and rendered clips."""

from vision.video.clip import ArrayClip, Clip, FolderClip
from vision.video.collection import FoundClips, find_clips
from vision.video.file import FileClip
from vision.video.folder import VideoFolder
from vision.video.views import PickFrame, PickRegion
from vision.video.windows import FrameWindows, TrackWindows

__all__ = [
    "ArrayClip",
    "Clip",
    "FileClip",
    "FolderClip",
    "FoundClips",
    "FrameWindows",
    "PickFrame",
    "PickRegion",
    "TrackWindows",
    "VideoFolder",
    "find_clips",
]
