"""The region tracker: class-agnostic proposals, linked from frame to frame by their looks and positions."""

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

from vision.video.clip import Clip
from vision.video.tracking.appearance import ColorAndGradients, contrast, pool
from vision.video.tracking.association import associate, centers, gate
from vision.video.tracking.frames import FrameAnalyzer, TrackedFrame
from vision.video.tracking.moving import MovingRegions
from vision.video.tracking.proposals import Proposer, SelectiveSearch
from vision.video.tracking.tracklets import Tracklet, joined
from vision.video.tracking.tracks import Track, best_tracks

MIN_IOU = 0.7  # of a proposal with the prediction that it corrects; one with less is a part, or another object
MAX_GROWTH = 1.6  # factor between the areas of a prediction and a proposal
MOVING_MIN_IOU, MOVING_MAX_GROWTH = 0.5, 2.0  # the same for proposals by motion, which are seldom parts
MOVING_BONUS = 0.2  # added to the score of proposals by motion
MARGIN = 0.15  # by which a prediction's similarity must exceed the least one if no proposal agrees with it
SLACK = 0.5  # of a hidden track's diagonal: how far from its prediction it may be found again
BLEND = 0.4  # weight of a proposal's box in the track's new box: proposals jitter, flow drifts
MIN_PART = 0.2  # seconds: least duration of a track that is joined with another


class RegionTracker:
    """Follows regions through a clip: ``tracker(clip)`` returns the best tracks.

    In each frame every track is predicted, once by the optical flow inside its box and once by its velocity; the
    prediction that looks more like the track counts. Proposals, by looks and by motion, are assigned to tracks by
    similarity of features and overlap with the prediction (Hungarian method). A track that no proposal confirms goes
    on with its prediction while that looks like it. When it doesn't (something is in the way), the track coasts at its
    velocity and waits to be found again nearby. Proposals that belong to no track start new ones. At the end, tracks of
    one moving object that was hidden for a while are joined, all are ranked by duration × similarity × squared
    prominence (contrast with their surroundings in color and motion, up to doubled for what was seen to move), and
    those that overlap with a better one are dropped. Tracks end at cuts.

    Purushwalkam & Gupta (NeurIPS 2020) name a "Region Tracker" with unsupervised proposals, similarity of region
    features and scored tracks, but give no details or code; this is our own design along these lines.

    Args:
        proposer: What proposes boxes of a frame, beside ``MovingRegions``; ``SelectiveSearch()`` by default.
        max_tracks: Number of tracks that are returned at most.
        min_duration: Least duration of a returned track in seconds.
        max_hidden: Seconds that a lost track is waited for.
        max_unconfirmed: Seconds that a track goes on without a proposal.
        max_open: Number of tracks that are followed at a time at most.
        min_similarity: Least similarity of a region to the track that it continues, in [−1, 1].
        max_overlap: Largest overlap of two returned tracks, see ``overlap``.
    """

    def __init__(
        self,
        proposer: Proposer | None = None,
        max_tracks: int = 10,
        min_duration: float = 0.5,
        max_hidden: float = 1.2,
        max_unconfirmed: float = 0.8,
        max_open: int = 60,
        min_similarity: float = 0.4,
        max_overlap: float = 0.4,
    ):
        self.proposer = SelectiveSearch() if proposer is None else proposer
        self.descriptor = ColorAndGradients()
        self.frames = FrameAnalyzer(self.descriptor)
        self.moving = MovingRegions()
        self.max_tracks = max_tracks
        self.min_duration = min_duration
        self.max_hidden = max_hidden
        self.max_unconfirmed = max_unconfirmed
        self.max_open = max_open
        self.min_similarity = min_similarity
        self.max_overlap = max_overlap

    def __call__(self, clip: Clip) -> list[Track]:
        open_: list[Tracklet] = []
        closed: list[Tracklet] = []  # of this shot
        tracks: list[Track] = []
        camera: list[np.ndarray] = []  # from each frame's pixels to those of its shot's first
        before = 0.0
        for frame, moving in self.moving(self.frames(clip)):
            if frame.starts_shot:
                tracks += self._tracks(closed + open_, clip, camera)
                closed, open_ = [], []
            camera.append(frame.camera_in_pixels())
            regions = torch.cat([moving, self.proposer(frame.pixels)])
            features = self.descriptor(frame.maps, regions)
            moves = torch.arange(len(regions)) < len(moving)
            taken = self._advance(open_, frame, regions, moves, features, frame.time - before)
            open_ += self._started(open_, frame.index, regions[~taken], features[~taken], moves[~taken])
            self._update_contrast(open_, frame)
            open_, ended = self._split_ended(open_, frame.size)
            # Most tracks end at once, and what is too short to be returned or joined needn't be kept.
            closed += [each for each in ended if each.duration(clip.times) >= min(MIN_PART, self.min_duration)]
            before = frame.time
        return best_tracks(tracks + self._tracks(closed + open_, clip, camera), self.max_overlap, self.max_tracks)

    def _tracks(self, shot: list[Tracklet], clip: Clip, camera: list[np.ndarray]) -> list[Track]:
        """Joins the tracklets of a shot, and makes tracks of those that last long enough."""
        if not shot:
            return []
        whole = joined(shot, clip.times, torch.from_numpy(np.stack(camera)), MIN_PART, self.max_hidden)
        return [each.to_track(clip.times) for each in whole if each.duration(clip.times) >= self.min_duration]

    def _advance(
        self, open_: list[Tracklet], frame: TrackedFrame, regions: Tensor, moves: Tensor, features: Tensor, step: float
    ) -> Tensor:
        """Moves every open track into this frame; returns which regions continue one, ``(num_regions,)`` booleans."""
        taken = torch.zeros(len(regions), dtype=torch.bool)
        if not open_:
            return taken
        predicted, looks, likeness = self._predict(open_, frame, step)
        templates = torch.stack([track.template for track in open_])
        similarity = templates @ features.T
        hidden = torch.tensor([track.hidden for track in open_])
        speed = torch.stack([track.velocity for track in open_]).norm(dim=1)
        diagonal = (predicted[:, 2:] - predicted[:, :2]).norm(dim=1)
        slack = torch.where(hidden > 0, SLACK * diagonal + 0.5 * speed * hidden, torch.zeros(()))
        min_iou = torch.where(moves, MOVING_MIN_IOU, MIN_IOU)
        max_growth = torch.where(moves, MOVING_MAX_GROWTH, MAX_GROWTH)
        overlap, allowed = gate(predicted, regions, slack, min_iou, max_growth)
        allowed &= similarity >= self.min_similarity
        age = torch.tensor([min(len(track.boxes) / 50, 0.2) for track in open_])
        matches = dict(associate(similarity, overlap, allowed, 0.5, age[:, None] + MOVING_BONUS * moves))
        for row, track in enumerate(open_):
            if row in matches:
                column = matches[row]
                taken[column] = True
                # A proposal corrects the prediction; of a track that is found again it is all that is known.
                blend = 1.0 if track.hidden > 0 else BLEND
                box = (1 - blend) * predicted[row] + blend * regions[column]
                track.see(box, features[column], float(similarity[row, column]), step)
                track.confirm(bool(moves[column]))
            elif likeness[row] >= self.min_similarity + MARGIN:
                track.see(predicted[row], looks[row], float(likeness[row]), step)
            else:
                track.miss(predicted[row], step)
        return taken

    def _predict(self, open_: list[Tracklet], frame: TrackedFrame, step: float) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes ``(num_tracks, 4)`` in this frame, their features, and similarity to the tracks ``(num_tracks,)``."""
        boxes = torch.stack([track.boxes[-1] for track in open_])
        scale = frame.maps.scale
        drift = pool(frame.flow, boxes * scale, 5).flatten(2).median(dim=2).values / scale
        steady = torch.stack([track.velocity for track in open_]) * step
        templates = torch.stack([track.template for track in open_])
        carried, coasted = boxes + drift.repeat(1, 2), boxes + steady.repeat(1, 2)
        with_flow, with_velocity = self.descriptor(frame.maps, torch.cat([carried, coasted])).chunk(2)
        by_flow, by_velocity = (with_flow * templates).sum(1), (with_velocity * templates).sum(1)
        # The flow where a hidden object should be is that of what hides it.
        lost = torch.tensor([track.hidden > 0 for track in open_])
        coast = lost | (by_velocity > by_flow)
        features = torch.where(coast[:, None], with_velocity, with_flow)
        return torch.where(coast[:, None], coasted, carried), features, torch.where(coast, by_velocity, by_flow)

    def _started(
        self, open_: list[Tracklet], index: int, regions: Tensor, features: Tensor, moves: Tensor
    ) -> list[Tracklet]:
        """Starts tracks at regions that no open track covers."""
        if open_ and len(regions):
            covered = box_iou(regions, torch.stack([track.boxes[-1] for track in open_])).amax(1) > 0.75
            regions, features, moves = regions[~covered], features[~covered], moves[~covered]
        return [Tracklet.begin(index, *each) for each in zip(regions, features, moves.tolist(), strict=True)]

    def _update_contrast(self, open_: list[Tracklet], frame: TrackedFrame) -> None:
        """Updates how much each track that is seen stands out from its surroundings."""
        seen = [track for track in open_ if track.seen[-1]]
        if not seen:
            return
        # Motion relative to the frame's own: half a pixel counts as much as a strong difference of color.
        relative = frame.flow - frame.flow.flatten(1).median(dim=1).values[:, None, None]
        looks = torch.cat([frame.maps.appearance[:3], 4 * torch.tanh(relative / 0.5)])
        strength = contrast(looks, torch.stack([track.boxes[-1] for track in seen]) * frame.maps.scale)
        for track, value in zip(seen, strength.tolist(), strict=True):
            track.contrast += (value - track.contrast) / sum(track.seen)

    def _split_ended(self, open_: list[Tracklet], size: tuple[int, int]) -> tuple[list[Tracklet], list[Tracklet]]:
        """The tracks to go on with, the most prominent ones, at most ``max_open``; and the others."""
        followed, ended = [], []
        for track in open_:
            x, y = centers(track.boxes[-1][None])[0].tolist()
            outside = not (0 <= x <= size[1] and 0 <= y <= size[0])
            over = outside or track.hidden > self.max_hidden or track.unconfirmed > self.max_unconfirmed
            (ended if over else followed).append(track)
        followed.sort(key=lambda track: -track.prominence)
        return followed[: self.max_open], ended + followed[self.max_open :]
