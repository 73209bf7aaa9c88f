"""Tracks: what the region tracker returns, kept in a file, and thinned to the best."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torchvision.ops import box_iou

from viewlearn.files import write_text

VERSION = 1  # of the file format


@dataclass(frozen=True)
class Track:
    """One region through consecutive frames.

    Args:
        start: Index of its first frame.
        boxes: ``(num_frames, 4)`` float32, left, top, right, bottom in pixels.
        seen: ``(num_frames,)`` booleans, False where the region was lost (most likely hidden) and the box is
            interpolated between where it was lost and where it was found again.
        score: Score for ranking within a clip; larger is better.
    """

    start: int
    boxes: Tensor
    seen: Tensor
    score: float

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def stop(self) -> int:
        """Index of the frame after its last one."""
        return self.start + len(self)

    def box(self, frame: int) -> Tensor:
        """The box ``(4,)`` in a frame of the clip.

        Raises:
            ValueError: A frame outside the track.
        """
        if not self.start <= frame < self.stop:
            raise ValueError(f"the track runs over frames {self.start} … {self.stop - 1}, not {frame}")
        return self.boxes[frame - self.start]


def overlap(a: Track, b: Track) -> float:
    """Mean IoU over the frames that both have, times their fraction of the shorter track; in [0, 1]."""
    start, stop = max(a.start, b.start), min(a.stop, b.stop)
    if start >= stop:
        return 0.0
    one, other = a.boxes[start - a.start : stop - a.start], b.boxes[start - b.start : stop - b.start]
    return float(box_iou(one, other).diagonal().mean()) * (stop - start) / min(len(a), len(b))


def best_tracks(tracks: Sequence[Track], max_overlap: float, max_tracks: int) -> list[Track]:
    """Selects the tracks with the highest scores, of which no two overlap by more than ``max_overlap``."""
    kept: list[Track] = []
    for track in sorted(tracks, key=lambda track: (-track.score, track.start, track.boxes[0].tolist())):
        if len(kept) == max_tracks:
            break
        if all(overlap(track, other) <= max_overlap for other in kept):
            kept.append(track)
    return kept


def save_tracks(tracks: Sequence[Track], path: str | Path) -> None:
    """Writes tracks as JSON, one line each, after a line that names the format."""
    lines = [json.dumps({"format": "viewlearn tracks", "version": VERSION, "num_tracks": len(tracks)})]
    for track in tracks:
        boxes = [[round(edge, 2) for edge in box] for box in track.boxes.tolist()]
        lines.append(
            json.dumps({"start": track.start, "score": track.score, "seen": track.seen.tolist(), "boxes": boxes})
        )
    write_text(Path(path), "\n".join(lines) + "\n")


def load_tracks(path: str | Path) -> list[Track]:
    """Reads what ``save_tracks`` wrote.

    Raises:
        ValueError: A file that holds no tracks, is of another version, or is truncated.
    """
    try:
        header, *lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
        if header["format"] != "viewlearn tracks" or header["version"] != VERSION or header["num_tracks"] != len(lines):
            raise ValueError(f"its header is {header}, for {len(lines)} tracks")
        return [
            Track(line["start"], torch.tensor(line["boxes"]).view(-1, 4), torch.tensor(line["seen"]), line["score"])
            for line in lines
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no file of tracks, version {VERSION}: {error}") from error
