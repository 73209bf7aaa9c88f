"""Tracks regions through clips, and draws them, so that a person can look.

    python experiments/track.py VIDEO_OR_FOLDER … --out tracks [--fps 25] [--max_tracks 10]

Writes ``OUT/NAME.jsonl`` (the tracks, see ``vision.video.tracking.tracks``) and ``OUT/NAME.png``: a row per track, with
its box on frames from its first to its last; a dashed box is interpolated, because the region was hidden. Clips whose
tracks are there already are drawn again, not tracked.
"""

import argparse
import time
from pathlib import Path

import torch

from viewlearn.bounds import Count, Positive, SmallCount
from viewlearn.endings import plain_endings
from viewlearn.script_parser import ScriptParser, in_bounds
from viewlearn.threads import set_threads
from vision.video import Clip, FileClip, FolderClip
from vision.video.tracking import RegionTracker, Track, load_tracks, save_tracks


def main() -> None:
    parser = ScriptParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, help="video files, or folders of frames")
    parser.add_argument("--out", type=Path, required=True, help="folder for tracks and pictures")
    parser.add_argument("--fps", type=in_bounds(Positive), help="frames per second of folders without times.txt")
    parser.add_argument("--max_tracks", type=in_bounds(Count), default=10, help="tracks to keep per clip")
    parser.add_argument("--columns", type=in_bounds(SmallCount), default=6, help="frames to draw per track")
    parser.add_argument("--threads", type=in_bounds(SmallCount), default=1, help="threads of torch and OpenCV")
    arguments = parser.parse_args()
    limit_threads(arguments.threads)
    with plain_endings(ValueError, OSError):
        for path in arguments.clips:
            follow(path, arguments)


def follow(path: Path, arguments: argparse.Namespace) -> None:
    """Tracks one clip, unless its tracks are there, and draws them."""
    clip = FolderClip(path, arguments.fps) if path.is_dir() else FileClip(path)
    file = arguments.out / f"{path.stem}.jsonl"
    if file.is_file():
        tracks = load_tracks(file)
    else:
        start = time.perf_counter()
        tracks = RegionTracker(max_tracks=arguments.max_tracks)(clip)
        seconds = time.perf_counter() - start
        print(f"{path.name}: {len(clip)} frames in {seconds:.1f} s, {len(clip) / seconds:.1f} frames/s", flush=True)
        save_tracks(tracks, file)
    print(f"{path.name}: {len(tracks)} tracks → {file}")
    if tracks:
        save_picture(clip, tracks, arguments.columns, file.with_suffix(".png"))


def limit_threads(number: int) -> None:
    """Lets torch and OpenCV take this many threads each."""
    import cv2

    set_threads(number)
    cv2.setNumThreads(number)


def save_picture(clip: Clip, tracks: list[Track], columns: int, path: Path) -> None:
    """Draws one row per track, with frames at equal steps from its first to its last."""
    from matplotlib.patches import Rectangle  # here, so that a help text doesn't wait for what draws

    from viewlearn.plots.figure import new_figure, save_figure

    height, width = clip[0].shape[-2:]
    figure = new_figure(2.4 * columns, 2.4 * len(tracks) * height / width + 0.3, padding=(0.02, 0.02))
    grid = figure.subplots(len(tracks), columns, squeeze=False)
    for number, track in enumerate(tracks):
        places = torch.linspace(0, len(track) - 1, columns).round().int().tolist()
        for axes, place in zip(grid[number], places, strict=True):
            left, top, right, bottom = track.boxes[place].tolist()
            style = "-" if track.seen[place] else ":"
            box = Rectangle((left, top), right - left, bottom - top, fill=False, color="yellow", linestyle=style)
            axes.imshow(clip[track.start + place].permute(1, 2, 0).numpy())
            axes.add_patch(box)
            axes.set_title(f"{float(clip.times[track.start + place]):.2f} s", fontsize=6, pad=1)
            axes.axis("off")
        grid[number, 0].set_title(f"track {number}, score {track.score:.2f}", fontsize=6, pad=1)
    save_figure(figure, path, dpi=90)


if __name__ == "__main__":
    main()
