"""Video as data of a run: windows to pre-train on, single images to evaluate with."""

from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, Split
from vision.data.files import Unreadable
from vision.synthesis.solids.render import Solids, over, render
from vision.synthesis.solids.shapes import SOLIDS
from vision.video.backgrounds import background_crops
from vision.video.collection import find_clips
from vision.video.rendered.windows import WindowSettings, cached_windows
from vision.video.tracking.tracks import load_tracks
from vision.video.windows import FrameWindows, TrackWindows


class SolidClips(Data):
    """Rendered solids that cross a photograph, turning, behind a pillar; task ``solid`` (8 shapes).

    Pre-training sees windows of frames, uint8 ``(frame, 2, 3, size, size)``: of each frame the whole, and a region cut
    out of it. The splits for evaluation are single pictures of other solids over photographs, ``(3, size, size)``. A
    run over windows needs the views ``PickRegion`` and ``PickFrame``, in this order, before all others.

    Args:
        num_clips: windows to pre-train on.
        regions: "tracked", what ``RegionTracker`` follows, without any truth (see ``rendered_windows``), or "true",
            the solid's own boxes, a bound for any tracker.
        cache: folder in which windows are kept, so that runs after the first needn't render (and track) them; None
            keeps none.
        num_images: single pictures per split; validation and test have a quarter as many each.
        num_frames: of a window, at equal steps over the solid's whole way.
        size: of pictures in pixels.
        turn: degrees that a solid turns on its way.
        seed: of everything that is drawn.
    """

    def __init__(
        self,
        num_clips: int = 2000,
        regions: Literal["true", "tracked"] = "true",
        cache: str | None = None,
        num_images: int = 2000,
        num_frames: int = 5,
        size: int = 32,
        turn: float = 120.0,
        seed: int = 0,
    ):
        if regions not in ("true", "tracked"):
            raise ValueError(f"regions is {regions!r}; it must be 'true' or 'tracked'")
        self.settings = WindowSettings(num_clips, regions, num_frames, size, turn, seed)
        self.cache, self.num_images = cache, num_images
        self._splits: dict[str, ArrayDataset] = {}

    @cached_property
    def spec(self) -> DataSpec:
        x = self.split("train").x.float() / 255
        mean, std = x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))
        shape = (3, self.settings.size, self.settings.size)
        statistics = tuple(mean.tolist()), tuple(std.tolist())
        return DataSpec(shape, {"solid": SOLIDS}, *statistics, self.settings.num_clips, value_range=(0.0, 1.0))

    def split(self, name: Split) -> ArrayDataset:
        if name not in ("train", "validation", "test"):
            raise ValueError(f"SolidClips has no split {name!r}; there are: train, validation, test")
        if name not in self._splits:
            number = self.num_images if name == "train" else self.num_images // 4
            seed = self.settings.seed * 10 + ("train", "validation", "test").index(name)
            self._splits[name] = solid_images(number, self.settings.size, seed)
        return self._splits[name]

    @cached_property
    def _windows(self) -> ArrayDataset:
        return cached_windows(self.settings, self.cache)

    def pretraining(self) -> ArrayDataset:
        """The windows; 1,000 of them take a minute of one core with true regions, and five with tracked ones."""
        return self._windows


class Clips(Data):
    """Unlabeled video: windows of frames of every clip below a folder, or tracked regions beside their frames.

    Args:
        root: of video files and folders of frames.
        tracks: folder with a ``NAME.jsonl`` for each clip, as ``experiments/track.py`` writes them; samples are then
            ``(frame, 2, 3, size, size)``, frame and region, for ``PickRegion`` and ``PickFrame``. None gives
            windows ``(frame, 3, size, size)``, for ``PickFrame``.
        fps: frames per second of folders without ``times.txt``.
        duration: of a window in seconds.
        num_frames: of a window.
        size: frames and regions are resized to squares of this many pixels.
        unreadable: Whether a clip that can't be opened stops the run, or is skipped with a warning.
    """

    def __init__(
        self,
        root: str,
        tracks: str | None = None,
        fps: float | None = None,
        duration: float = 1.0,
        num_frames: int = 5,
        size: int = 128,
        unreadable: Unreadable = "stop",
    ):
        self.clips = find_clips(root, fps, unreadable)
        self.size_ = size
        if tracks is None:
            self._windows: Dataset = FrameWindows(self.clips, duration, num_frames, size=(size, size))
        else:
            files = [Path(tracks) / f"{Path(clip.name).stem}.jsonl" for clip in self.clips]
            self._windows = TrackWindows(self.clips, [load_tracks(file) for file in files], num_frames, (size, size))

    @cached_property
    def spec(self) -> DataSpec:
        step = max(1, len(self._windows) // 64)
        x = torch.stack([self._windows[i][0] for i in range(0, len(self._windows), step)]).float() / 255
        x = x.flatten(0, -4)
        mean, std = x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))
        statistics = tuple(mean.tolist()), tuple(std.tolist())
        return DataSpec((3, self.size_, self.size_), {}, *statistics, len(self._windows), value_range=(0.0, 1.0))

    def split(self, name: Split) -> Dataset:
        """Still frames, the first of each window, for pictures; without labels there is nothing to evaluate."""
        if name not in ("train", "test"):
            raise ValueError(f"unlabeled clips have no split {name!r}; there are: train, test")
        return _Stills(self._windows)

    def pretraining(self) -> Dataset:
        """The windows."""
        return self._windows


class _Stills:
    """The first frame of each window, without labels."""

    def __init__(self, windows: Dataset):
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        frames, _ = self.windows[index]
        return (frames[0] if frames.ndim == 4 else frames[0, 0]), {}


def solid_images(number: int, size: int, seed: int) -> ArrayDataset:
    """Pictures of random solids over crops of photographs, uint8, with the task ``solid``."""
    generator = torch.Generator().manual_seed(seed + 7_000_003)
    shapes = torch.arange(number) % len(SOLIDS)
    color, coverage = render(Solids.draw(shapes, generator), size)
    backgrounds = background_crops(64, size, seed + 1)
    behind = backgrounds[torch.randint(0, len(backgrounds), (number,), generator=generator)]
    pictures = (over(color, coverage, behind) * 255).round().to(torch.uint8)
    return ArrayDataset(pictures, {"solid": shapes}, {"solid": SOLIDS})
