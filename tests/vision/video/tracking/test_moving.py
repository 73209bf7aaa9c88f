"""What moves, told apart from the camera's motion, on scenes made for it."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchvision.ops import box_iou

pytest.importorskip("cv2")

from vision.video.clip import ArrayClip
from vision.video.tracking.appearance import ColorAndGradients
from vision.video.tracking.frames import FrameAnalyzer
from vision.video.tracking.moving import MovingRegions

SIDE, START = 36, 60
SPEED = 3  # pixels per frame


def texture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """A smooth color picture in [0, 255], with detail enough for optical flow."""
    generator = torch.Generator().manual_seed(seed)
    picture = sum(
        weight
        * functional.interpolate(
            torch.rand(1, 3, cells, 2 * cells, generator=generator), (height, width), mode="bicubic"
        )
        for cells, weight in ((4, 120.0), (24, 100.0))
    )
    return picture[0].clamp(0, 255)


def scene(
    num_frames: int = 30,
    pan: int = 0,
    things: int = 1,
    size: tuple[int, int] = (120, 200),
    fps: float = 32.0,
    plain: bool = False,
):
    """A clip of squares that cross a texture over which the camera pans, and their boxes ``(frame, thing, 4)``."""
    height, width = size
    ground = texture(height, width + abs(pan) * num_frames + SIDE)
    frames, boxes = [], []
    for t in range(num_frames):
        frame = ground[:, :, pan * t : pan * t + width].clone()
        placed = []
        for k in range(things):
            x, y = START + SPEED * t, 10 + k * (SIDE + 20)
            frame[:, y : y + SIDE, x : x + SIDE] = 255 if plain else texture(SIDE, SIDE, seed=9 + k)
            placed.append([x, y, x + SIDE, y + SIDE])
        frames.append(frame.byte())
        boxes.append(placed)
    return ArrayClip(torch.stack(frames), fps), torch.tensor(boxes, dtype=torch.float32)


def frames_of(clip):
    return list(FrameAnalyzer(ColorAndGradients())(clip))


def moving(clip, **settings):
    return list(MovingRegions(**settings)(frames_of(clip)))


@pytest.mark.parametrize("pan", [0, 2])
def test_moving_things_are_found_whole_in_every_frame(pan):
    """In the first and last frames too, where both other frames are on one side, and there only with something else."""
    clip, boxes = scene(num_frames=40, pan=pan, things=2, size=(120, 320))
    found = moving(clip)
    assert [frame.index for frame, _ in found] == list(range(len(clip)))
    for (frame, regions), truth in zip(found, boxes, strict=True):
        assert box_iou(regions, truth).amax(0).min() > 0.75
        if 7 <= frame.index < len(clip) - 7:  # 0.2 s from either end
            assert len(regions) == 2


@pytest.mark.parametrize("pan", [0, 3])
def test_a_camera_alone_moves_nothing(pan):
    clip, _ = scene(pan=pan, things=0)
    assert all(len(regions) == 0 for _, regions in moving(clip))


def test_the_lag_is_in_seconds():
    """A plain square of 36 pixels differs inside from 0.4 s ago at 32 frames per second, and at 4 it doesn't yet."""
    for fps, lag, whole in ((32.0, 0.4, True), (4.0, 0.4, False), (4.0, 3.2, True)):
        clip, boxes = scene(num_frames=40, fps=fps, plain=True)
        regions = moving(clip, lag=lag)[20][1]
        assert (len(regions) > 0 and bool(box_iou(regions, boxes[20]).max() > 0.75)) is whole


def test_too_few_frames_tell_nothing():
    clip, _ = scene(num_frames=2)
    assert [len(regions) for _, regions in moving(clip)] == [0, 0]


def test_a_cut_is_no_motion():
    """Frames on either side of a cut aren't compared, and each side is as if it stood alone."""
    one, boxes = scene(num_frames=24)
    other = ArrayClip(255 - one.frames, 32.0)
    both = ArrayClip(torch.cat([one.frames, other.frames]), 32.0)
    assert [frame.index for frame in frames_of(both) if frame.starts_shot] == [0, 24]
    found = moving(both)
    for half, clip in ((found[:24], one), (found[24:], other)):
        for (_, regions), (_, alone) in zip(half, moving(clip), strict=True):
            assert torch.equal(regions, alone)
    assert box_iou(found[24][1], boxes[0]).max() > 0.75


def test_the_camera_is_measured():
    clip, _ = scene(pan=2, size=(120, 200))
    for before, frame in pairwise(frames_of(clip)):
        corner = np.linalg.inv(frame.camera) @ before.camera @ [0.0, 0.0, 1.0]
        assert corner[:2] / frame.maps.scale == pytest.approx([-2, 0], abs=0.15)


def test_a_uniform_picture_has_no_motion():
    gray = ArrayClip(torch.full((20, 3, 60, 80), 128, dtype=torch.uint8), 25.0)
    for frame, regions in moving(gray):
        assert len(regions) == 0
        assert frame.camera == pytest.approx(torch.eye(3, dtype=torch.float64).numpy())
