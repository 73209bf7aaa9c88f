"""Windows of rendered clips to pre-train on: whole frames beside regions, true or tracked, kept in a file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor

from viewlearn.data import ArrayDataset
from viewlearn.files import write_tensors
from vision.synthesis.solids.shapes import SOLIDS
from vision.video.backgrounds import background_crops, shrunk
from vision.video.rendered.clips import RenderedClip, render_clip
from vision.video.tracking.association import centers
from vision.video.tracking.tracker import RegionTracker
from vision.video.tracking.tracks import Track
from vision.video.windows import cut_out

VERSION = 3  # of the files; another way to render or to track needs another number
SCENE = 96  # pixels: a scene's side, three times what the encoder sees of it by default
SOLID = 40  # pixels: the side of the square that a solid is drawn in, so that the pillar hides half of it at most
STRIDE = 6  # frames that the tracker sees from one frame of a window to the next: 25 a second for windows of 5
MARGIN = 0.2  # of surroundings around a region, as a fraction of its sides


@dataclass(frozen=True)
class WindowSettings:
    """What determines windows, see ``SolidClips``."""

    num_clips: int
    regions: Literal["true", "tracked"]
    num_frames: int
    size: int
    turn: float
    seed: int

    @property
    def file(self) -> str:
        """A name that other settings don't have."""
        return "-".join(str(value) for value in (*asdict(self).values(), f"v{VERSION}")) + ".safetensors"


def cached_windows(settings: WindowSettings, folder: str | Path | None) -> ArrayDataset:
    """``rendered_windows``, read from a file in the folder if they are there, else made and written to it."""
    if folder is None:
        return rendered_windows(settings)
    path = Path(folder) / settings.file
    if path.is_file():
        kept = load_file(path)
        return ArrayDataset(kept["x"], {"solid": kept["solid"]}, {"solid": SOLIDS})
    windows = rendered_windows(settings)
    write_tensors(path, {"x": windows.x, "solid": windows.labels["solid"]})
    return windows


def rendered_windows(settings: WindowSettings) -> ArrayDataset:
    """Windows uint8 ``(num_clips, frame, 2, 3, size, size)``: of each frame the whole, and a region.

    Both kinds of regions are of the same clips. True ones are of the frames beside them. Tracked ones are those of the
    clip's track with the largest score times way, at equal steps from its start to its end, which may be a part of the
    clip, so that region t needn't be of frame t: what stays where it is has nothing to teach that two crops of a frame
    don't. A clip without tracks has its whole frames for regions.
    """
    backgrounds = background_crops(64, SCENE, settings.seed)
    tracker = RegionTracker(max_tracks=40, min_duration=0.3) if settings.regions == "tracked" else None
    x = torch.empty(settings.num_clips, settings.num_frames, 2, 3, settings.size, settings.size, dtype=torch.uint8)
    shapes = torch.empty(settings.num_clips, dtype=torch.int64)
    stride = 1 if tracker is None else STRIDE
    num_frames = stride * (settings.num_frames - 1) + 1
    for k in range(settings.num_clips):
        seed = settings.seed * 1_000_003 + k
        # One second, whatever the number of frames.
        scene = render_clip(
            1, num_frames, (SCENE, SCENE), SOLID, float(num_frames), settings.turn, True, backgrounds, seed
        )
        shapes[k] = scene.shapes[0]
        wholes = [scene.clip[stride * t] for t in range(settings.num_frames)]
        regions = _true(scene) if tracker is None else _tracked(scene, tracker, settings.num_frames)
        for t, pair in enumerate(zip(wholes, regions, strict=True)):
            x[k, t] = torch.stack([shrunk(picture, settings.size) for picture in pair])
    return ArrayDataset(x, {"solid": shapes}, {"solid": SOLIDS})


def _true(scene: RenderedClip) -> list[Tensor]:
    return [cut_out(scene.clip[t], box, MARGIN) for t, box in enumerate(scene.boxes[:, 0])]


def _tracked(scene: RenderedClip, tracker: RegionTracker, num_frames: int) -> list[Tensor]:
    tracks = tracker(scene.clip)
    if not tracks:
        return [scene.clip[STRIDE * t] for t in range(num_frames)]
    track = max(tracks, key=lambda track: track.score * way(track))
    places = torch.linspace(track.start, track.stop - 1, num_frames).round().int().tolist()
    return [cut_out(scene.clip[place], track.box(place), MARGIN) for place in places]


def way(track: Track) -> float:
    """Pixels between the centers of a track's first and last box."""
    first, last = centers(track.boxes[[0, -1]])
    return float((last - first).norm())
