"""The region tracker: class-agnostic proposals, linked from frame to frame by their looks and places."""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torchvision.ops import box_iou

from vision.video.association import associate, centres, gate
from vision.video.clip import Clip
from vision.video.describe import ColorAndGradients, FrameMaps, contrast, pool
from vision.video.proposals import Proposer, SelectiveSearch, import_opencv
from vision.video.tracks import Track, best_tracks

MIN_IOU = 0.7  # of a proposal with the prediction of a track that it corrects: less is a part, or another thing
GROWTH = 1.6  # in area, between a prediction and a proposal
MARGIN = 0.15  # by which a prediction must look more like its track where no proposal agrees with it
SLACK = 0.5  # of a hidden track's diagonal: how far from its prediction it may be found again
BLEND = 0.4  # of a proposal's box in the track's new box: proposals jitter, flow drifts
CUT = 0.3  # correlation of two frames' coarse colours, below which everything is another scene
MEMORY = 0.9  # of a track's template and velocity from frame to frame at 25 frames per second


@dataclass
class _Open:
    """A track that is still being followed."""

    start: int
    boxes: list[Tensor]
    seen: list[bool]
    template: Tensor
    velocity: Tensor
    contrast: float = 0.0  # mean over the frames in which it was seen
    similarities: list[float] = field(default_factory=list)
    unconfirmed: float = 0.0  # seconds since a proposal agreed
    hidden: float = 0.0  # seconds since it was seen


class RegionTracker:
    """Follows regions through a clip: ``tracker(clip)`` returns the best tracks.

    In each frame every track is predicted, once by the optical flow inside its box and once by its velocity; the
    prediction that looks more like the track counts. Proposals are assigned to tracks by similarity of features and
    overlap with the prediction (Hungarian method). A track that no proposal confirms goes on with its prediction while
    that looks like it; where it doesn't (something is in the way), it coasts at its velocity and waits to be found
    again nearby. Proposals that belong to no track start new ones. At the end, tracks are ranked by duration ×
    similarity × squared contrast with their surroundings (in colour and motion), and those that say the same thing as
    a better one are dropped. Tracks end at cuts.

    Purushwalkam & Gupta (NeurIPS 2020) name a "Region Tracker" with unsupervised proposals, similarity of region
    features and scored tracks, without giving details or code; this is a design of ours to that outline.

    Args:
        proposer: boxes of a frame; None takes ``SelectiveSearch()``.
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
        self.flow = import_opencv().DISOpticalFlow_create(
            2
        )  # medium: 5 ms at 256 pixels, and half the error of the faster ones
        self.max_tracks = max_tracks
        self.min_duration = min_duration
        self.max_hidden = max_hidden
        self.max_unconfirmed = max_unconfirmed
        self.max_open = max_open
        self.min_similarity = min_similarity
        self.max_overlap = max_overlap

    def __call__(self, clip: Clip) -> list[Track]:
        open_: list[_Open] = []
        closed: list[_Open] = []
        before: FrameMaps | None = None
        for index in range(len(clip)):
            frame = clip[index]
            maps = self.describe.maps(frame)
            step = float(clip.times[index] - clip.times[index - 1]) if index else 0.0
            if before is not None and _correlation(before, maps) < CUT:
                closed, open_, before = closed + open_, [], None
            motion = self._motion(before, maps)
            regions = self.proposer(frame)
            features = self.describe(maps, regions)
            taken = self._advance(open_, maps, motion, regions, features, step)
            open_ += self._started(open_, index, regions[~taken], features[~taken])
            self._judge(open_, maps, motion)
            followed, ended = self._sorted_out(open_, frame.shape[-2:])
            closed, open_, before = closed + ended, followed, maps
        finished = [self._finish(track, clip) for track in closed + open_]
        return best_tracks([track for track in finished if track is not None], self.max_overlap, self.max_tracks)

    def _motion(self, before: FrameMaps | None, maps: FrameMaps) -> Tensor:
        """Optical flow ``(2, height, width)`` in pixels of the maps, by which the last frame's pixels have moved."""
        if before is None:
            return torch.zeros(2, *maps.gray.shape)
        return torch.from_numpy(self.flow.calc(before.gray, maps.gray, None)).permute(2, 0, 1)

    def _advance(
        self, open_: list[_Open], maps: FrameMaps, motion: Tensor, regions: Tensor, features: Tensor, step: float
    ) -> Tensor:
        """Moves every open track into this frame; returns which regions continue one, ``(num_regions,)`` booleans."""
        taken = torch.zeros(len(regions), dtype=torch.bool)
        if not open_:
            return taken
        predicted, looks, likeness = self._predict(open_, maps, motion, step)
        templates = torch.stack([track.template for track in open_])
        similarity = templates @ features.T
        hidden = torch.tensor([track.hidden for track in open_])
        speed = torch.stack([track.velocity for track in open_]).norm(dim=1)
        diagonal = (predicted[:, 2:] - predicted[:, :2]).norm(dim=1)
        slack = torch.where(hidden > 0, SLACK * diagonal + 0.5 * speed * hidden, torch.zeros(()))
        overlap, allowed = gate(predicted, regions, slack, min_iou=MIN_IOU, max_growth=GROWTH)
        allowed &= similarity >= self.min_similarity
        age = torch.tensor([min(len(track.boxes) / 50, 0.2) for track in open_])
        matches = dict(associate(similarity, overlap, allowed, 0.5, age))
        for row, track in enumerate(open_):
            if row in matches:
                column = matches[row]
                taken[column] = True
                # Found again, the proposal is all there is to go by; otherwise it corrects the prediction.
                blend = 1.0 if track.hidden > 0 else BLEND
                box = (1 - blend) * predicted[row] + blend * regions[column]
                self._see(track, box, features[column], float(similarity[row, column]), step)
                track.unconfirmed = 0.0
            elif likeness[row] >= self.min_similarity + MARGIN:
                self._see(track, predicted[row], looks[row], float(likeness[row]), step)
                track.unconfirmed += step
            else:
                track.boxes.append(predicted[row])
                track.seen.append(False)
                track.hidden += step
        return taken

    def _predict(
        self, open_: list[_Open], maps: FrameMaps, motion: Tensor, step: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes ``(num_tracks, 4)`` in this frame, their features, and similarity to the tracks ``(num_tracks,)``."""
        boxes = torch.stack([track.boxes[-1] for track in open_])
        drift = pool(motion, boxes * maps.scale, 5).flatten(2).median(dim=2).values / maps.scale
        steady = torch.stack([track.velocity for track in open_]) * step
        templates = torch.stack([track.template for track in open_])
        carried, coasted = boxes + drift.repeat(1, 2), boxes + steady.repeat(1, 2)
        with_flow, with_velocity = self.describe(maps, torch.cat([carried, coasted])).chunk(2)
        by_flow, by_velocity = (with_flow * templates).sum(1), (with_velocity * templates).sum(1)
        # What moves where a hidden thing was is what hides it.
        lost = torch.tensor([track.hidden > 0 for track in open_])
        coast = lost | (by_velocity > by_flow)
        features = torch.where(coast[:, None], with_velocity, with_flow)
        return torch.where(coast[:, None], coasted, carried), features, torch.where(coast, by_velocity, by_flow)

    def _see(self, track: _Open, box: Tensor, feature: Tensor, similarity: float, step: float) -> None:
        if step > 0 and track.seen[-1]:
            velocity = (centres(box[None]) - centres(track.boxes[-1][None]))[0] / step
            memory = min(MEMORY ** (step * 25), 1 - 1 / len(track.boxes))  # a plain mean over the first frames
            track.velocity = memory * track.velocity + (1 - memory) * velocity
        track.template = torch.nn.functional.normalize(MEMORY * track.template + (1 - MEMORY) * feature, dim=0)
        track.boxes.append(box)
        track.seen.append(True)
        track.similarities.append(similarity)
        track.hidden = 0.0

    def _started(self, open_: list[_Open], index: int, regions: Tensor, features: Tensor) -> list[_Open]:
        """New tracks at regions that no open track covers."""
        if open_ and len(regions):
            covered = box_iou(regions, torch.stack([track.boxes[-1] for track in open_])).amax(1) > 0.75
            regions, features = regions[~covered], features[~covered]
        return [
            _Open(index, [box], [True], feature, torch.zeros(2)) for box, feature in zip(regions, features, strict=True)
        ]

    def _judge(self, open_: list[_Open], maps: FrameMaps, motion: Tensor) -> None:
        """Notes how much each track that is seen stands out from its surroundings."""
        seen = [track for track in open_ if track.seen[-1]]
        if not seen:
            return
        # Motion against the frame's own: half a pixel between frames is as telling as a strong difference of colour.
        relative = motion - motion.flatten(1).median(dim=1).values[:, None, None]
        looks = torch.cat([maps.appearance[:3], 4 * torch.tanh(relative / 0.5)])
        strength = contrast(looks, torch.stack([track.boxes[-1] for track in seen]) * maps.scale)
        for track, value in zip(seen, strength.tolist(), strict=True):
            track.contrast += (value - track.contrast) / sum(track.seen)

    def _sorted_out(self, open_: list[_Open], size: tuple[int, int]) -> tuple[list[_Open], list[_Open]]:
        """The tracks to go on with, at most ``max_open``, those that stand out most; and the others."""
        followed, ended = [], []
        for track in open_:
            x, y = centres(track.boxes[-1][None])[0].tolist()
            outside = not (0 <= x <= size[1] and 0 <= y <= size[0])
            over = outside or track.hidden > self.max_hidden or track.unconfirmed > self.max_unconfirmed
            (ended if over else followed).append(track)
        followed.sort(key=lambda track: -track.contrast)
        return followed[: self.max_open], ended + followed[self.max_open :]

    def _finish(self, track: _Open, clip: Clip) -> Track | None:
        """The track without its hidden end, gaps interpolated; None if it is too short."""
        last = max(k for k, seen in enumerate(track.seen) if seen)
        duration = float(clip.times[track.start + last] - clip.times[track.start])
        if duration < self.min_duration:
            return None
        boxes, seen = torch.stack(track.boxes[: last + 1]), torch.tensor(track.seen[: last + 1])
        boxes = _interpolate(boxes, seen, clip.times[track.start : track.start + last + 1])
        likeness = sum(track.similarities) / max(1, len(track.similarities))
        score = duration * float(seen.float().mean()) * likeness * track.contrast**2
        return Track(track.start, boxes, seen, score)


def _correlation(before: FrameMaps, after: FrameMaps) -> float:
    """Of colours that are averaged over a grid of 8 × 8; in [−1, 1]."""
    one, other = (torch.nn.functional.adaptive_avg_pool2d(maps.appearance[:3], 8).flatten() for maps in (before, after))
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def _interpolate(boxes: Tensor, seen: Tensor, times: Tensor) -> Tensor:
    """Boxes of unseen frames, linear in time between the seen ones on either side."""
    known = seen.nonzero().squeeze(1)
    after = torch.searchsorted(known, torch.arange(len(seen))).clamp(max=len(known) - 1)
    left, right = known[(after - 1).clamp(min=0)], known[after]
    part = ((times - times[left]) / (times[right] - times[left]).clamp(min=1e-9)).float()[:, None]
    between = boxes[left] + part * (boxes[right] - boxes[left])
    return torch.where(seen[:, None], boxes, between)
