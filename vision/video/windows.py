"""Data sets of windows: a few frames of one clip as one sample, of which a view picks one."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.transforms.functional import resize

from vision.video.cache import FrameCache
from vision.video.clip import Clip
from vision.video.times import window_frames, window_starts
from vision.video.tracking.tracks import Track


class FrameWindows:
    """Windows of frames at equal steps of time: ``windows[i] -> (uint8 (num_frames, 3, height, width), labels)``.

    A window lies within one clip; steps are in seconds, whatever the frame rate. The view ``PickFrame`` decides which
    pairs of frames a method sees.

    Args:
        clips: The clips.
        duration: Seconds from a window's first frame to its last.
        num_frames: Number of frames of a window, at least 2.
        stride: Seconds between the starts of a clip's windows; ``duration`` by default.
        size: Height and width in pixels that frames are resized to.
        labels: For each task, one class per clip. The label "clip" is always there.
        cache_bytes: Bytes of decoded frames that each process keeps.

    Raises:
        ValueError: No clip that is long enough, fewer than 2 frames, a duration that isn't positive, or labels that
            don't fit the clips.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        duration: float = 1.0,
        num_frames: int = 5,
        stride: float | None = None,
        size: tuple[int, int] = (128, 128),
        labels: dict[str, Sequence[int]] | None = None,
        cache_bytes: int = 256 * 2**20,
    ):
        if num_frames < 2 or not duration > 0:
            raise ValueError(f"a window of {num_frames} frames over {duration} s has no pairs")
        self.size = size
        self.clip_labels = _clip_labels(labels or {}, len(clips))
        self.cache = FrameCache(list(clips), cache_bytes)
        self.windows = [
            (number, window_frames(clip.times, start, duration, num_frames))
            for number, clip in enumerate(clips)
            for start in window_starts(clip.times, duration, duration if stride is None else stride)
        ]
        if not self.windows:
            longest = max((float(clip.times[-1]) for clip in clips), default=0.0)
            raise ValueError(f"no clip holds a window of {duration} s; the longest has {longest:.2f} s")

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        number, frames = self.windows[index]
        stack = [resize(self.cache.frame(number, frame), list(self.size), antialias=True) for frame in frames]
        return torch.stack(stack), {"clip": number, **self.clip_labels[number]}


class TrackWindows:
    """Tracked regions beside their frames: ``windows[i] -> (uint8 (num_frames, 2, 3, height, width), labels)``.

    One sample per track. Its frames are at equal steps of time along the track; of each, ``[:, 0]`` is the whole frame
    and ``[:, 1]`` the region, cut out at the clip's own resolution. Both are resized to ``size``.

    Args:
        clips: The clips.
        tracks: The tracks of each clip, as ``RegionTracker`` or ``load_tracks`` gives them.
        num_frames: Number of frames of a sample, at least 2.
        size: Height and width in pixels that frames and regions are resized to.
        margin: Surroundings that are kept around a region, as a fraction of its sides.
        labels: For each task, one class per clip. The labels "clip" and "track" are always there.
        cache_bytes: Bytes of decoded frames that each process keeps.

    Raises:
        ValueError: No tracks, lists of different lengths, or fewer than 2 frames.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        tracks: Sequence[Sequence[Track]],
        num_frames: int = 5,
        size: tuple[int, int] = (128, 128),
        margin: float = 0.1,
        labels: dict[str, Sequence[int]] | None = None,
        cache_bytes: int = 256 * 2**20,
    ):
        if num_frames < 2:
            raise ValueError(f"num_frames is {num_frames}; a pair needs at least 2")
        if len(tracks) != len(clips) or not any(len(of_clip) for of_clip in tracks):
            raise ValueError(f"{len(clips)} clips, and tracks of {len(tracks)} clips, {sum(map(len, tracks))} in all")
        self.size, self.margin, self.num_frames = size, margin, num_frames
        self.clip_labels = _clip_labels(labels or {}, len(clips))
        self.cache = FrameCache(list(clips), cache_bytes)
        self.tracks = [(number, track) for number, of_clip in enumerate(tracks) for track in of_clip]

    def __len__(self) -> int:
        return len(self.tracks)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        number, track = self.tracks[index]
        times = self.cache.clips[number].times[track.start : track.stop]
        duration = float(times[-1] - times[0])
        pairs = []
        for step in window_frames(times - times[0], 0.0, duration, self.num_frames):
            frame = self.cache.frame(number, track.start + step)
            region = crop_box(frame, track.boxes[step], self.margin)
            pairs.append(torch.stack([resize(x, list(self.size), antialias=True) for x in (frame, region)]))
        return torch.stack(pairs), {"clip": number, "track": index, **self.clip_labels[number]}


def crop_box(frame: Tensor, box: Tensor, margin: float) -> Tensor:
    """The pixels in a box, which is widened by a margin and kept within the frame; at least one pixel."""
    height, width = frame.shape[-2:]
    left, top, right, bottom = box.tolist()
    across, down = margin * (right - left), margin * (bottom - top)
    x = min(max(0, round(left - across)), width - 1)
    y = min(max(0, round(top - down)), height - 1)
    return frame[
        :, y : max(y + 1, min(height, round(bottom + down))), x : max(x + 1, min(width, round(right + across)))
    ]


def _clip_labels(labels: dict[str, Sequence[int]], num_clips: int) -> list[dict[str, int]]:
    for task, values in labels.items():
        if len(values) != num_clips:
            raise ValueError(f"task {task!r} has {len(values)} labels for {num_clips} clips")
    return [{task: int(values[k]) for task, values in labels.items()} for k in range(num_clips)]
