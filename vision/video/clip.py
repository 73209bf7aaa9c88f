"""Clips: frames with their times in seconds, from a folder of images, a video file, or memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from vision.files import images_in, read_image


class Clip(Protocol):
    """A video.

    ``times`` are seconds from the first frame, ``(num_frames,)`` float64 and increasing, at whatever frame rate, fixed
    or not. ``clip[i]`` is a frame, uint8 ``(3, height, width)``, always the same for the same i.
    """

    name: str
    times: Tensor

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Tensor: ...


class ArrayClip:
    """A clip in memory.

    Args:
        frames: uint8 ``(num_frames, 3, height, width)``.
        times: Times in seconds, one per frame; or the number of frames per second.
        name: Name in messages.

    Raises:
        ValueError: Frames of another type or shape, or times that don't fit them.
    """

    def __init__(self, frames: Tensor, times: Tensor | Sequence[float] | float, name: str = "clip"):
        if frames.ndim != 4 or frames.shape[1] != 3 or frames.dtype != torch.uint8:
            raise ValueError(
                f"frames are {frames.dtype} {tuple(frames.shape)}; they must be uint8 (num, 3, height, width)"
            )
        self.frames = frames
        self.name = name
        self.times = _times(times, len(frames), name)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Tensor:
        return self.frames[index]


class FolderClip:
    """A folder of images, one per frame, in the order of the numbers in their names.

    Args:
        folder: Folder of the images.
        fps: Frames per second; by default, the frames' times are read from ``times.txt`` in the folder, one per line.

    Raises:
        ValueError: No images, neither ``fps`` nor ``times.txt``, or times that don't fit the images; (when read) a
            file that isn't an image; the message has its path.
    """

    def __init__(self, folder: str | Path, fps: float | None = None):
        self.folder = Path(folder)
        self.name = str(self.folder)
        self.files = images_in(self.folder)
        if not self.files:
            raise ValueError(f"there are no images in {self.folder}")
        listing = self.folder / "times.txt"
        if fps is None and not listing.is_file():
            raise ValueError(
                f"images have no time: give the fps of {self.folder}, or write a time per line to {listing}"
            )
        self.times = _times(fps if fps is not None else _listed(listing), len(self.files), self.name)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        return read_image(self.files[index])


def _listed(listing: Path) -> list[float]:
    """The times in a file, one per line."""
    try:
        return [float(line) for line in listing.read_text(encoding="utf-8").split()]
    except ValueError as error:
        raise ValueError(f"{listing} must have a time in seconds per line: {error}") from error


def _times(times: Tensor | Sequence[float] | float, num: int, name: str) -> Tensor:
    if isinstance(times, int | float):
        if not times > 0:
            raise ValueError(f"{name} has {times} frames per second; it must be positive")
        return torch.arange(num, dtype=torch.float64) / times
    seconds = torch.as_tensor(times, dtype=torch.float64)
    if seconds.shape != (num,) or not seconds.isfinite().all() or (seconds.diff() <= 0).any():
        raise ValueError(
            f"{name} has {num} frames; their times must be as many, finite and increasing, not {tuple(seconds.shape)}"
        )
    return seconds - seconds[0]
