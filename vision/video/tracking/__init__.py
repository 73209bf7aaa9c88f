"""The region tracker: proposals, links from frame to frame, tracks."""

from vision.video.tracking.proposals import BoxLimits, Proposer, SelectiveSearch
from vision.video.tracking.tracker import RegionTracker
from vision.video.tracking.tracks import Track, best_tracks, load_tracks, save_tracks

__all__ = [
    "BoxLimits",
    "Proposer",
    "RegionTracker",
    "SelectiveSearch",
    "Track",
    "best_tracks",
    "load_tracks",
    "save_tracks",
]
