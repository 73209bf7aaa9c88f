"""Windows of rendered clips to pre-train on: whole frames beside regions, true or tracked, kept in a file."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from viewlearn.data import ArrayDataset
from viewlearn.files import write_tensors
from vision.resize import resized
from vision.synthesis.photographs import background_crops
from vision.synthesis.solids.shapes import SOLIDS
from vision.video.rendered.clips import RenderedClip, render_clip
from vision.video.tracking.association import centers
from vision.video.tracking.tracker import RegionTracker
from vision.video.tracking.tracks import Track
from vision.video.windows import crop_box

VERSION = 3  # of the files; a change in rendering or tracking needs another number
SCENE_SIZE = 96  # pixels, three times what the encoder sees by default
SOLID_SIZE = 40  # pixels, of the square that a solid is rendered in: the pillar then hides half of it at most
STRIDE = 6  # frames that the tracker sees from one frame of a window to the next: 25 a second for windows of 5
MARGIN = 0.2  # of surroundings that is kept around a region, as a fraction of its sides

Regions = Literal["true", "tracked"]


@dataclass(frozen=True)
class WindowSettings:
    """Settings that determine the windows, see ``SolidClips``."""

    num_clips: int
    regions: Regions
    num_frames: int
    size: int
    turn: float
    seed: int

    @property
    def file(self) -> str:
        """Name of the file with these windows; no other settings have it."""
        return "-".join(str(value) for value in (*asdict(self).values(), f"v{VERSION}")) + ".safetensors"


def cached_windows(settings: WindowSettings, folder: str | Path | None) -> ArrayDataset:
    """Reads ``rendered_windows`` from a file in the folder; makes them, and the file, if there is no whole one."""
    if folder is None:
        return rendered_windows(settings)
    path = Path(folder) / settings.file
    if path.is_file():
        with suppress(SafetensorError, KeyError):
            kept = load_file(path)
            return ArrayDataset(kept["x"], {"solid": kept["solid"]}, {"solid": SOLIDS})
    windows = rendered_windows(settings)
    write_tensors(path, {"x": windows.x, "solid": windows.labels["solid"]})
    return windows


def rendered_windows(settings: WindowSettings) -> ArrayDataset:
    """Renders windows, uint8 ``(num_clips, frame, 2, 3, size, size)``: of each frame the whole, and a region.

    Both kinds of regions are of the same clips. True regions are of the frames beside them. Tracked regions are those
    of one track of the clip, the one with the largest product of score and displacement: what stays where it is
    teaches nothing that two crops of a frame don't. They are at equal steps from the track's start to its end, which
    may be a part of the clip, so that region t needn't be of frame t. A clip without tracks has its whole frames as
    regions.
    """
    backgrounds = background_crops(64, SCENE_SIZE, settings.seed)
    tracker = RegionTracker(max_tracks=40, min_duration=0.3) if settings.regions == "tracked" else None
    x = torch.empty(settings.num_clips, settings.num_frames, 2, 3, settings.size, settings.size, dtype=torch.uint8)
    shapes = torch.empty(settings.num_clips, dtype=torch.int64)
    stride = 1 if tracker is None else STRIDE
    num_frames = stride * (settings.num_frames - 1) + 1
    for k in range(settings.num_clips):
        seed = settings.seed * 1_000_003 + k
        # One second, whatever the number of frames.
        scene = render_clip(
            num_frames=num_frames,
            size=(SCENE_SIZE, SCENE_SIZE),
            object_size=SOLID_SIZE,
            fps=float(num_frames),
            turn=settings.turn,
            backgrounds=backgrounds,
            seed=seed,
        )
        shapes[k] = scene.shapes[0]
        wholes = [scene.clip[stride * t] for t in range(settings.num_frames)]
        regions = _true_regions(scene) if tracker is None else _tracked_regions(scene, tracker, settings.num_frames)
        for t, pair in enumerate(zip(wholes, regions, strict=True)):
            x[k, t] = torch.stack([resized(picture[None], settings.size)[0] for picture in pair])
    return ArrayDataset(x, {"solid": shapes}, {"solid": SOLIDS})


def _true_regions(scene: RenderedClip) -> list[Tensor]:
    return [crop_box(scene.clip[t], box, MARGIN) for t, box in enumerate(scene.boxes[:, 0])]


def _tracked_regions(scene: RenderedClip, tracker: RegionTracker, num_frames: int) -> list[Tensor]:
    tracks = tracker(scene.clip)
    if not tracks:
        return [scene.clip[STRIDE * t] for t in range(num_frames)]
    track = max(tracks, key=lambda track: track.score * displacement(track))
    frames = torch.linspace(track.start, track.stop - 1, num_frames).round().int().tolist()
    return [crop_box(scene.clip[frame], track.box(frame), MARGIN) for frame in frames]


def displacement(track: Track) -> float:
    """Distance between the centers of a track's first and last box, in pixels."""
    first, last = centers(track.boxes[[0, -1]])
    return float((last - first).norm())
