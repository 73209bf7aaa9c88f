"""Unlabeled video in a folder, as data of a run."""

from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from viewlearn.bounds import Pixels, Positive, Seconds, SmallCount
from viewlearn.data import Data, Dataset, DataSpec, NoSplit, Split, Unreadable
from vision.data.image_data import float_statistics
from vision.video.collection import find_clips
from vision.video.tracking.tracks import load_tracks
from vision.video.windows import FrameWindows, TrackWindows

NUM_MEASURED = 64  # windows, about, that mean and standard deviation are measured on


class VideoFolder(Data):
    """Unlabeled video: windows of frames of every clip below a folder, or tracked regions beside their frames.

    Args:
        root: Folder of video files and of folders of frames.
        tracks: Folder with a ``NAME.jsonl`` for each clip, as ``experiments/track.py`` writes them; samples are then
            ``(frame, 2, 3, size, size)``, frame and region, for ``PickRegion`` and ``PickFrame``. By default they are
            windows ``(frame, 3, size, size)``, for ``PickFrame``.
        fps: Frames per second of folders without ``times.txt``.
        duration: Duration of a window in seconds.
        num_frames: Number of frames of a window.
        size: Side in pixels of the squares that frames and regions are resized to.
        unreadable: Whether a clip that can't be read stops the run, or is skipped with a warning, see ``find_clips``.

    Raises:
        ValueError: No clips, ones that can't be read, or none that is long enough for a window.
    """

    def __init__(
        self,
        root: str,
        tracks: str | None = None,
        fps: Positive | None = None,
        duration: Seconds = 1.0,
        num_frames: SmallCount = 5,
        size: Pixels = 128,
        unreadable: Unreadable = "stop",
    ):
        self.clips, self._skipped = find_clips(root, fps, unreadable)
        self.size = size
        self._windows: FrameWindows | TrackWindows
        if tracks is None:
            self._windows = FrameWindows(self.clips, duration, num_frames, size=(size, size))
        else:
            files = [Path(tracks) / f"{Path(clip.name).stem}.jsonl" for clip in self.clips]
            self._windows = TrackWindows(self.clips, [load_tracks(file) for file in files], num_frames, (size, size))

    @cached_property
    def spec(self) -> DataSpec:
        step = max(1, len(self._windows) // NUM_MEASURED)
        frames = torch.stack([self._windows[i][0] for i in range(0, len(self._windows), step)]).flatten(0, -4)
        mean, std = float_statistics(frames)
        return DataSpec((3, self.size, self.size), {}, mean, std, len(self._windows), value_range=(0.0, 1.0))

    def split(self, name: Split) -> Dataset:
        """Still frames, the first of each window, for pictures; without labels there is nothing to evaluate."""
        if name not in ("train", "test"):
            raise NoSplit(f"unlabeled video has no split {name!r}; there are: train, test")
        return _Stills(self._windows)

    def pretraining(self) -> Dataset:
        """The windows."""
        return self._windows

    @property
    def skipped(self) -> dict[str, str]:
        """Path of each clip that couldn't be read and was skipped, and the reason."""
        return self._skipped


class _Stills:
    """The first frame of each window, without labels."""

    def __init__(self, windows: Dataset):
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        frames, _ = self.windows[index]
        return (frames[0] if frames.ndim == 4 else frames[0, 0]), {}
