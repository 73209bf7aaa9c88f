"""Finding all clips below a folder."""

import warnings
from pathlib import Path

from viewlearn.data import Unreadable
from vision.files import is_image, natural_key
from vision.video.clip import Clip, FolderClip
from vision.video.file import FileClip

VIDEO_SUFFIXES = (".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ogv", ".ts", ".y4m")


def find_clips(root: str | Path, fps: float | None = None, unreadable: Unreadable = "stop") -> list[Clip]:
    """Finds every video file below a folder, and every folder that holds images, in the order of their paths.

    Args:
        root: The folder.
        fps: Frames per second of folders of images without a ``times.txt``.
        unreadable: Whether a clip that can't be opened is an error, or is skipped with a warning that names it.

    Raises:
        ValueError: No clips, or one that can't be opened.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    paths = {path for path in root.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES}
    paths |= {path.parent for path in root.rglob("*") if is_image(path)}
    clips: list[Clip] = []
    for path in sorted(paths, key=lambda path: natural_key(str(path))):
        try:
            clips.append(FolderClip(path, fps) if path.is_dir() else FileClip(path))
        except ValueError as error:
            if unreadable == "stop":
                raise
            warnings.warn(f"skipped a clip: {error}", stacklevel=2)
    if not clips:
        raise ValueError(f"found no video files and no folders of images in {root}")
    return clips
