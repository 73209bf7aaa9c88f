"""Finding all clips below a folder."""

from pathlib import Path
from typing import NamedTuple

from viewlearn.data import Unreadable, report_unreadable
from vision.files import is_image, natural_key
from vision.video.clip import Clip, FolderClip
from vision.video.file import FileClip

VIDEO_SUFFIXES = (".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ogv", ".ts", ".y4m")


class FoundClips(NamedTuple):
    """The clips below a folder.

    Args:
        clips: Those that can be read, in the order of their paths.
        skipped: Why the others can't be read, by path.
    """

    clips: list[Clip]
    skipped: dict[str, str]


def find_clips(root: str | Path, fps: float | None = None, unreadable: Unreadable = "stop") -> FoundClips:
    """Finds every video file below a folder, and every folder that holds images.

    Args:
        root: The folder.
        fps: Frames per second of folders of images without a ``times.txt``.
        unreadable: Whether a clip that can't be read is an error, or is left out with a warning. To find those, every
            frame is then decoded once; otherwise clips are only opened.

    Raises:
        ValueError: No clips, or clips that can't be read; the message counts them. Skipping raises it if none can be.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    paths = {path for path in root.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES}
    paths |= {path.parent for path in root.rglob("*") if is_image(path)}
    if not paths:
        raise ValueError(f"found no video files and no folders of images in {root}")
    found = FoundClips([], {})
    for path in sorted(paths, key=lambda path: natural_key(str(path))):
        try:
            clip = FolderClip(path, fps) if path.is_dir() else FileClip(path)
            if unreadable == "skip":
                for index in range(len(clip)):
                    clip[index]
            found.clips.append(clip)
        except ValueError as error:
            found.skipped[str(path)] = str(error)
    report_unreadable(found.skipped, len(paths), unreadable, "clips", stacklevel=3)
    return found
