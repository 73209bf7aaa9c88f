"""Temporal views: pairs stay within a clip, gaps are in seconds, and the shared region gives the published loss."""

import pytest
import torch

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.losses import info_nce
from viewlearn.methods import MoCo, SimCLR
from viewlearn.views import Compose, share
from viewlearn.views.decode import ToFloat
from vision.video.clip import ArrayClip
from vision.video.tracking.tracks import Track
from vision.video.views import PickFrame, PickRegion
from vision.video.windows import FrameWindows, TrackWindows, crop_box


def marked(number: int, fps: float, seconds: float) -> ArrayClip:
    """Every pixel holds the clip's number in red and the frame's time in tenths of seconds in green."""
    times = torch.arange(int(seconds * fps) + 1, dtype=torch.float64) / fps
    frames = torch.zeros(len(times), 3, 8, 8, dtype=torch.uint8)
    frames[:, 0] = number
    frames[:, 1] = (10 * times).round().to(torch.uint8)[:, None, None]
    return ArrayClip(frames, times)


CLIPS = [marked(k, fps, seconds) for k, (fps, seconds) in enumerate([(10, 4.0), (25, 3.0), (60, 0.5), (30, 5.0)])]


def test_windows_never_cross_clips_and_steps_are_in_seconds():
    windows = FrameWindows(CLIPS, duration=2.0, num_frames=5, stride=0.5, size=(8, 8))
    assert {windows[i][1]["clip"] for i in range(len(windows))} == {0, 1, 3}
    for i in range(len(windows)):
        frames, labels = windows[i]
        assert frames.shape == (5, 3, 8, 8)
        assert (frames[:, 0] == labels["clip"]).all()
        assert (frames[:, 1, 0, 0].int().diff() - 5).abs().max() <= 1
    assert len(windows) == 5 + 3 + 7


def test_frames_are_drawn_per_sample_and_per_view(generator):
    x = torch.arange(5).view(1, 5, 1, 1, 1).expand(400, 5, 3, 2, 2).float()
    for among, frames in (("all", {0, 1, 2, 3, 4}), ("ends", {0, 4})):
        view = PickFrame(among)
        one, other = view(x, generator), view(x, generator)
        assert one.shape == view.like(x).shape == (400, 3, 2, 2)
        assert set(one[:, 0, 0, 0].int().tolist()) == frames
        same = (one == other).flatten(1).all(1)
        assert same.float().mean().item() == pytest.approx(1 / len(frames), abs=0.08)


def test_regions_come_with_their_frames():
    clip = marked(7, 10, 2.0)
    clip.frames[:, 2, 2:6, 3:7] = 200
    box = torch.tensor([3.0, 2.0, 7.0, 6.0]).repeat(11, 1)
    tracks = [[Track(5, box, torch.ones(11, dtype=torch.bool), 1.0)]]
    windows = TrackWindows([clip], tracks, num_frames=3, size=(4, 4), margin=0.0, labels={"kind": [2]})
    frames, labels = windows[0]
    assert frames.shape == (3, 2, 3, 4, 4)
    assert labels == {"clip": 0, "track": 0, "kind": 2}
    assert frames[:, 0, 1, 0, 0].tolist() == [5, 10, 15]
    assert (frames[:, 1, 2] == 200).all()
    assert frames[:, 0, 2].float().mean() < 100


def test_boxes_beyond_the_frame_are_cut_to_it():
    frame = torch.zeros(3, 10, 20, dtype=torch.uint8)
    assert crop_box(frame, torch.tensor([-5.0, -5, 5, 5]), 0.0).shape == (3, 5, 5)
    assert crop_box(frame, torch.tensor([30.0, 30, 40, 40]), 0.0).shape == (3, 1, 1)
    assert crop_box(frame, torch.tensor([5.0, 2, 15, 8]), 0.1).shape == (3, 8, 12)


class Tiny(Encoder):
    num_features = 6

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(48, 6)

    def forward(self, x):
        return self.linear(x.flatten(1))


def test_simclr_and_moco_over_frames(generator):
    x = torch.randint(0, 256, (8, 5, 3, 4, 4), generator=generator, dtype=torch.uint8)
    batch = Batch(x, {}, torch.arange(8))
    views = Compose(decode=ToFloat(), frame=PickFrame())
    for method in (SimCLR(Tiny(), views, dim=4), MoCo(Tiny(), views, dim=4, queue=16)):
        loss, _ = method(batch, generator)
        loss.backward()
        method.update()
        assert loss.isfinite()


def test_moco_with_a_shared_region_has_the_published_loss_in_expectation(generator):
    """½ · frame term + ½ · region term, each over the same queue, against the mean over many draws of the region."""
    torch.manual_seed(0)
    x = torch.randint(0, 256, (4, 2, 2, 3, 4, 4), generator=generator, dtype=torch.uint8)
    batch = Batch(x, {}, torch.arange(4))
    views = Compose(decode=ToFloat(), region=PickRegion(), frame=PickFrame())
    method = MoCo(Tiny(), views, dim=4, queue=16, head="linear", shared="region", temperature=1.0)
    params = views.sample(x, generator)
    assert torch.equal(
        share(views.sample(x, generator), params, "region")["region"]["region"], params["region"]["region"]
    )

    def term(region: int) -> torch.Tensor:
        """Exact over the four pairs of frames."""
        losses = []
        for first in (0, 1):
            for second in (0, 1):
                query, key = (x[:, frame, region].float() / 255 for frame in (first, second))
                query, key = method.head(method.encoder(query)), method.key_head(method.key_encoder(key))
                losses.append(info_nce(query, key, method.queue.keys, 1.0, unit_negatives=True))
        return torch.stack(losses).mean()

    with torch.no_grad():
        expected = (term(0) + term(1)) / 2
        drawn = torch.stack([method(batch, generator)[0] for _ in range(400)])
        method._fresh.clear()
    error = drawn.std() / len(drawn) ** 0.5
    assert abs(drawn.mean() - expected) < 4 * error + 1e-6


def test_still_images_pass_unchanged(generator):
    views = Compose(region=PickRegion(), frame=PickFrame())
    images = torch.rand(4, 3, 8, 8, generator=generator)
    assert torch.equal(views(images, generator), images)
    assert views.like(images).shape == images.shape
    windows = torch.rand(4, 5, 2, 3, 8, 8, generator=generator)
    assert views(windows, generator).shape == views.like(windows).shape == (4, 3, 8, 8)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="among is 'first'"):
        PickFrame("first")
    with pytest.raises(ValueError, match="probability is 2"):
        PickRegion(2)
    with pytest.raises(ValueError, match="must be"):
        PickFrame()(torch.zeros(2, 5, 2, 3, 4, 4))
    with pytest.raises(ValueError, match="must be"):
        PickRegion()(torch.zeros(2, 5, 3, 3, 4, 4))
    with pytest.raises(ValueError, match="no clip holds a window"):
        FrameWindows(CLIPS, duration=60.0)
    with pytest.raises(ValueError, match="has no pairs"):
        FrameWindows(CLIPS, num_frames=1)
    with pytest.raises(ValueError, match="1 labels for 4 clips"):
        FrameWindows(CLIPS, labels={"a": [1]})
    with pytest.raises(ValueError, match="0 in all"):
        TrackWindows(CLIPS, [[], [], [], []])
