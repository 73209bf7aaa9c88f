"""Rendered video as data of a run: windows to pre-train on, pictures to evaluate with."""

import pytest
import torch

from viewlearn.data import check_data
from vision.synthesis.solids import SOLIDS
from vision.video.rendered import SolidClips
from vision.video.rendered.windows import displacement
from vision.video.tracking.tracks import Track


def test_solid_clips_have_windows_and_pictures():
    data = SolidClips(num_clips=6, num_images=16, num_frames=3, size=16)
    check_data(data)
    windows = data.pretraining()
    assert windows.x.shape == (6, 3, 2, 3, 16, 16)
    assert windows.x.dtype == torch.uint8
    assert (windows.x[:, 0] != windows.x[:, 2]).float().mean() > 0.1
    assert data.split("train").x.shape == (16, 3, 16, 16)
    assert data.split("test").x.shape == (4, 3, 16, 16)
    assert data.spec.tasks == {"solid": SOLIDS}
    assert data.spec.shape == (3, 16, 16)
    assert data.spec.num_train == 6
    again = SolidClips(num_clips=6, num_images=16, num_frames=3, size=16)
    assert torch.equal(windows.x, again.pretraining().x)
    with pytest.raises(ValueError, match="no split 'all'"):
        data.split("all")


def test_regions_differ_between_truth_and_tracks_and_frames_do_not(tmp_path):
    pytest.importorskip("cv2")
    true, tracked = (
        SolidClips(2, regions, num_frames=3, size=16, cache=str(tmp_path)).pretraining()
        for regions in ("true", "tracked")
    )
    assert torch.equal(true.x[:, :, 0], tracked.x[:, :, 0])
    assert not torch.equal(true.x[:, :, 1], tracked.x[:, :, 1])
    assert len(list(tmp_path.iterdir())) == 2
    again = SolidClips(2, "tracked", num_frames=3, size=16, cache=str(tmp_path)).pretraining()
    assert torch.equal(again.x, tracked.x)
    assert torch.equal(again.labels["solid"], tracked.labels["solid"])
    with pytest.raises(ValueError, match="regions is 'all'"):
        SolidClips(2, "all")


def test_the_displacement_of_a_track():
    boxes = torch.tensor([[0.0, 0, 2, 2], [9, 9, 11, 11], [3, 4, 5, 6]])
    assert displacement(Track(0, boxes, torch.ones(3, dtype=torch.bool), 1.0)) == 5
