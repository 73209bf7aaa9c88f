"""Video as data of a run: windows to pre-train on, single images to evaluate with."""

from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, Split
from vision.datasets.photo_digits import photographs
from vision.solids import Solids, over, render
from vision.solids_shapes import SOLIDS
from vision.video.collection import find_clips
from vision.video.rendered import render_clip
from vision.video.tracks import load_tracks
from vision.video.windows import FrameWindows, TrackWindows, cut_out

SCENE = 96  # pixels: a scene's side, three times what the encoder sees of it by default


class SolidClips(Data):
    """Rendered solids that cross a photograph, turning, behind a pillar; task ``solid`` (8 shapes).

    Pre-training sees windows of frames, uint8 ``(frame, 2, 3, size, size)``: of each frame the whole, and the solid
    cut out along its true boxes (so that what is learned from regions doesn't depend on a tracker). The splits for
    evaluation are single pictures of other solids over photographs, ``(3, size, size)``. A run over windows needs the
    views ``PickRegion`` and ``PickFrame``, in this order, before all others.

    Args:
        num_clips: windows to pre-train on.
        num_images: single pictures per split; validation and test have a quarter as many each.
        num_frames: of a window, at equal steps over the solid's whole way.
        size: of pictures in pixels.
        turn: degrees that a solid turns on its way.
        seed: of everything that is drawn.
    """

    def __init__(
        self,
        num_clips: int = 2000,
        num_images: int = 2000,
        num_frames: int = 5,
        size: int = 32,
        turn: float = 120.0,
        seed: int = 0,
    ):
        self.num_clips, self.num_images, self.num_frames = num_clips, num_images, num_frames
        self.size_, self.turn, self.seed = size, turn, seed
        self._splits: dict[str, ArrayDataset] = {}

    @cached_property
    def spec(self) -> DataSpec:
        x = self.split("train").x.float() / 255
        mean, std = x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))
        shape = (3, self.size_, self.size_)
        return DataSpec(
            shape, {"solid": SOLIDS}, tuple(mean.tolist()), tuple(std.tolist()), self.num_clips, value_range=(0.0, 1.0)
        )

    def split(self, name: Split) -> ArrayDataset:
        if name not in ("train", "validation", "test"):
            raise ValueError(f"SolidClips has no split {name!r}; there are: train, validation, test")
        if name not in self._splits:
            number = self.num_images if name == "train" else self.num_images // 4
            seed = self.seed * 10 + ("train", "validation", "test").index(name)
            self._splits[name] = solid_images(number, self.size_, seed)
        return self._splits[name]

    @cached_property
    def _windows(self) -> ArrayDataset:
        backgrounds = background_crops(64, SCENE, self.seed)
        x = torch.empty(self.num_clips, self.num_frames, 2, 3, self.size_, self.size_, dtype=torch.uint8)
        shapes = torch.empty(self.num_clips, dtype=torch.int64)
        for k in range(self.num_clips):
            seed = self.seed * 1_000_003 + k
            scene = render_clip(1, self.num_frames, (SCENE, SCENE), 48, 5.0, self.turn, True, backgrounds, seed)
            shapes[k] = scene.shapes[0]
            for t in range(self.num_frames):
                region = cut_out(scene.clip[t], scene.boxes[t, 0], 0.2)
                for row, picture in enumerate((scene.clip[t], region)):
                    x[k, t, row] = shrunk(picture, self.size_)
        return ArrayDataset(x, {"solid": shapes}, {"solid": SOLIDS})

    def pretraining(self) -> ArrayDataset:
        """The windows; rendering 2,000 of them takes about a minute."""
        return self._windows


class Clips(Data):
    """Unlabelled video: windows of frames of every clip below a folder, or tracked regions beside their frames.

    Args:
        root: of video files and folders of frames.
        tracks: folder with a ``NAME.jsonl`` for each clip, as ``experiments/track.py`` writes them; samples are then
            ``(frame, 2, 3, size, size)``, frame and region, for ``PickRegion`` and ``PickFrame``. None gives
            windows ``(frame, 3, size, size)``, for ``PickFrame``.
        fps: frames per second of folders without ``times.txt``.
        duration: of a window in seconds.
        num_frames: of a window.
        size: frames and regions are resized to squares of this many pixels.
        skip_corrupt: leave out clips that can't be opened, with a warning.
    """

    def __init__(
        self,
        root: str,
        tracks: str | None = None,
        fps: float | None = None,
        duration: float = 1.0,
        num_frames: int = 5,
        size: int = 128,
        skip_corrupt: bool = False,
    ):
        self.clips = find_clips(root, fps, skip_corrupt)
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
            raise ValueError(f"unlabelled clips have no split {name!r}; there are: train, test")
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


def background_crops(number: int, size: int, seed: int) -> Tensor:
    """Random crops of scikit-learn's two photographs, ``(number, 3, size, size)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    crops = []
    for k in range(number):
        photograph = photographs()[k % 2]
        side = int(torch.randint(size, 300, (1,), generator=generator))
        top, left = (int(torch.randint(0, extent - side, (1,), generator=generator)) for extent in photograph.shape[1:])
        crop = photograph[None, :, top : top + side, left : left + side]
        crops.append(functional.interpolate(crop, (size, size), mode="bilinear", antialias=True))
    return torch.cat(crops)


def shrunk(picture: Tensor, size: int) -> Tensor:
    """A uint8 picture as a square of ``size`` pixels."""
    square = functional.interpolate(picture[None].float(), (size, size), mode="bilinear", antialias=True)
    return square[0].round().clamp(0, 255).to(torch.uint8)
