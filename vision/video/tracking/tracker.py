"""The region tracker: class-agnostic proposals, linked from frame to frame by their looks and places."""

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

from vision.video.clip import Clip
from vision.video.tracking.association import associate, centers, gate
from vision.video.tracking.describe import ColorAndGradients, contrast, pool
from vision.video.tracking.moments import Moment, Moments
from vision.video.tracking.moving import MovingRegions
from vision.video.tracking.proposals import Proposer, SelectiveSearch
from vision.video.tracking.tracklets import Tracklet, joined
from vision.video.tracking.tracks import Track, best_tracks

MIN_IOU = 0.7  # of a proposal with the prediction of a track that it corrects: less is a part, or another thing
GROWTH = 1.6  # in area, between a prediction and a proposal
MOVING_IOU, MOVING_GROWTH = 0.5, 2.0  # the same, of a proposal by motion: these are seldom parts
MOVING_BONUS = 0.2  # for these proposals
MARGIN = 0.15  # by which a prediction must look more like its track where no proposal agrees with it
SLACK = 0.5  # of a hidden track's diagonal: how far from its prediction it may be found again
BLEND = 0.4  # of a proposal's box in the track's new box: proposals jitter, flow drifts
PART = 0.2  # seconds, at least, of a track that is joined with another


class RegionTracker:
    """Follows regions through a clip: ``tracker(clip)`` returns the best tracks.

    In each frame every track is predicted, once by the optical flow inside its box and once by its velocity; the
    prediction that looks more like the track counts. Proposals, by looks and by motion, are assigned to tracks by
    similarity of features and overlap with the prediction (Hungarian method). A track that no proposal confirms goes
    on with its prediction while that looks like it; where it doesn't (something is in the way), it coasts at its
    velocity and waits to be found again nearby. Proposals that belong to no track start new ones. At the end, tracks of
    one moving thing that was hidden for a while are joined, all are ranked by duration × similarity × squared
    prominence (contrast with their surroundings in color and motion, up to doubled for what was seen to move), and
    those that say the same thing as a better one are dropped. Tracks end at cuts.

    Purushwalkam & Gupta (NeurIPS 2020) name a "Region Tracker" with unsupervised proposals, similarity of region
    features and scored tracks, without giving details or code; this is a design of ours to that outline.

    Args:
        proposer: boxes of a frame, beside those of ``MovingRegions``; None takes ``SelectiveSearch()``.
        max_tracks: how many of a clip are returned.
        min_duration: of a returned track, in seconds.
        max_hidden: seconds that a track is waited for.
        max_unconfirmed: seconds that a track goes on without a proposal.
        max_open: tracks that are followed at a time.
        min_similarity: of a region to the track that it continues, in [−1, 1].
        max_overlap: of two returned tracks.
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
        self.describe = ColorAndGradients()
        self.moments = Moments(self.describe)
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
        ground: list[np.ndarray] = []  # from each frame's pixels to those of its shot's first
        before = 0.0
        for moment, moving in self.moving(self.moments(clip)):
            if moment.first:
                tracks += self._finished(closed + open_, clip, ground)
                closed, open_ = [], []
            ground.append(moment.ground_in_pixels())
            regions = torch.cat([moving, self.proposer(moment.frame)])
            features = self.describe(moment.maps, regions)
            moves = torch.arange(len(regions)) < len(moving)
            taken = self._advance(open_, moment, regions, moves, features, moment.time - before)
            open_ += self._started(open_, moment.index, regions[~taken], features[~taken], moves[~taken])
            self._judge(open_, moment)
            open_, ended = self._sorted_out(open_, moment.frame.shape[-2:])
            # Most tracks end at once, and what is too short to be returned or joined needn't be kept.
            closed += [each for each in ended if each.duration(clip.times) >= min(PART, self.min_duration)]
            before = moment.time
        return best_tracks(tracks + self._finished(closed + open_, clip, ground), self.max_overlap, self.max_tracks)

    def _finished(self, shot: list[Tracklet], clip: Clip, ground: list[np.ndarray]) -> list[Track]:
        """The tracks of a shot that last long enough."""
        if not shot:
            return []
        whole = joined(shot, clip.times, torch.from_numpy(np.stack(ground)), PART, self.max_hidden)
        return [each.finish(clip.times) for each in whole if each.duration(clip.times) >= self.min_duration]

    def _advance(
        self, open_: list[Tracklet], moment: Moment, regions: Tensor, moves: Tensor, features: Tensor, step: float
    ) -> Tensor:
        """Moves every open track into this frame; returns which regions continue one, ``(num_regions,)`` booleans."""
        taken = torch.zeros(len(regions), dtype=torch.bool)
        if not open_:
            return taken
        predicted, looks, likeness = self._predict(open_, moment, step)
        templates = torch.stack([track.template for track in open_])
        similarity = templates @ features.T
        hidden = torch.tensor([track.hidden for track in open_])
        speed = torch.stack([track.velocity for track in open_]).norm(dim=1)
        diagonal = (predicted[:, 2:] - predicted[:, :2]).norm(dim=1)
        slack = torch.where(hidden > 0, SLACK * diagonal + 0.5 * speed * hidden, torch.zeros(()))
        min_iou = torch.where(moves, MOVING_IOU, MIN_IOU)
        overlap, allowed = gate(predicted, regions, slack, min_iou, torch.where(moves, MOVING_GROWTH, GROWTH))
        allowed &= similarity >= self.min_similarity
        age = torch.tensor([min(len(track.boxes) / 50, 0.2) for track in open_])
        matches = dict(associate(similarity, overlap, allowed, 0.5, age[:, None] + MOVING_BONUS * moves))
        for row, track in enumerate(open_):
            if row in matches:
                column = matches[row]
                taken[column] = True
                # Found again, the proposal is all there is to go by; otherwise it corrects the prediction.
                blend = 1.0 if track.hidden > 0 else BLEND
                box = (1 - blend) * predicted[row] + blend * regions[column]
                track.see(box, features[column], float(similarity[row, column]), step)
                track.confirm(bool(moves[column]))
            elif likeness[row] >= self.min_similarity + MARGIN:
                track.see(predicted[row], looks[row], float(likeness[row]), step)
            else:
                track.miss(predicted[row], step)
        return taken

    def _predict(self, open_: list[Tracklet], moment: Moment, step: float) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes ``(num_tracks, 4)`` in this frame, their features, and similarity to the tracks ``(num_tracks,)``."""
        boxes = torch.stack([track.boxes[-1] for track in open_])
        scale = moment.maps.scale
        drift = pool(moment.flow, boxes * scale, 5).flatten(2).median(dim=2).values / scale
        steady = torch.stack([track.velocity for track in open_]) * step
        templates = torch.stack([track.template for track in open_])
        carried, coasted = boxes + drift.repeat(1, 2), boxes + steady.repeat(1, 2)
        with_flow, with_velocity = self.describe(moment.maps, torch.cat([carried, coasted])).chunk(2)
        by_flow, by_velocity = (with_flow * templates).sum(1), (with_velocity * templates).sum(1)
        # What moves where a hidden thing was is what hides it.
        lost = torch.tensor([track.hidden > 0 for track in open_])
        coast = lost | (by_velocity > by_flow)
        features = torch.where(coast[:, None], with_velocity, with_flow)
        return torch.where(coast[:, None], coasted, carried), features, torch.where(coast, by_velocity, by_flow)

    def _started(
        self, open_: list[Tracklet], index: int, regions: Tensor, features: Tensor, moves: Tensor
    ) -> list[Tracklet]:
        """New tracks at regions that no open track covers."""
        if open_ and len(regions):
            covered = box_iou(regions, torch.stack([track.boxes[-1] for track in open_])).amax(1) > 0.75
            regions, features, moves = regions[~covered], features[~covered], moves[~covered]
        return [Tracklet.begin(index, *each) for each in zip(regions, features, moves.tolist(), strict=True)]

    def _judge(self, open_: list[Tracklet], moment: Moment) -> None:
        """Notes how much each track that is seen stands out from its surroundings."""
        seen = [track for track in open_ if track.seen[-1]]
        if not seen:
            return
        # Motion against the frame's own: half a pixel between frames is as telling as a strong difference of color.
        relative = moment.flow - moment.flow.flatten(1).median(dim=1).values[:, None, None]
        looks = torch.cat([moment.maps.appearance[:3], 4 * torch.tanh(relative / 0.5)])
        strength = contrast(looks, torch.stack([track.boxes[-1] for track in seen]) * moment.maps.scale)
        for track, value in zip(seen, strength.tolist(), strict=True):
            track.contrast += (value - track.contrast) / sum(track.seen)

    def _sorted_out(self, open_: list[Tracklet], size: tuple[int, int]) -> tuple[list[Tracklet], list[Tracklet]]:
        """The tracks to go on with, at most ``max_open``, the most prominent; and the others."""
        followed, ended = [], []
        for track in open_:
            x, y = centers(track.boxes[-1][None])[0].tolist()
            outside = not (0 <= x <= size[1] and 0 <= y <= size[0])
            over = outside or track.hidden > self.max_hidden or track.unconfirmed > self.max_unconfirmed
            (ended if over else followed).append(track)
        followed.sort(key=lambda track: -track.prominence)
        return followed[: self.max_open], ended + followed[self.max_open :]
