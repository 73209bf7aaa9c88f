"""Video as data of a run: windows to pre-train on, pictures to evaluate with."""

import numpy as np
import pytest
import torch
from PIL import Image

from viewlearn.data import check_data
from vision.synthesis.solids.shapes import SOLIDS
from vision.video.data import Clips, SolidClips
from vision.video.rendered.windows import way
from vision.video.tracking.tracks import Track, save_tracks


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


def test_the_way_of_a_track():
    boxes = torch.tensor([[0.0, 0, 2, 2], [9, 9, 11, 11], [3, 4, 5, 6]])
    assert way(Track(0, boxes, torch.ones(3, dtype=torch.bool), 1.0)) == 5


def test_clips_below_a_folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for k in range(10):
            Image.fromarray(np.full((20, 30, 3), 10 * k, np.uint8)).save(tmp_path / "clips" / name / f"{k}.png")
        box = torch.tensor([[2.0, 2, 12, 12]]).repeat(10, 1)
        save_tracks([Track(0, box, torch.ones(10, dtype=torch.bool), 1.0)], tmp_path / "tracks" / f"{name}.jsonl")
    frames = Clips(str(tmp_path / "clips"), fps=5, duration=0.8, num_frames=3, size=8)
    assert frames.pretraining()[0][0].shape == (3, 3, 8, 8)
    assert frames.spec.num_train == 4
    assert frames.spec.mean[0] == pytest.approx(45 / 255, abs=0.03)
    regions = Clips(str(tmp_path / "clips"), str(tmp_path / "tracks"), fps=5, num_frames=3, size=8)
    assert regions.pretraining()[1][0].shape == (3, 2, 3, 8, 8)
    for data in (frames, regions):
        check_data(data)
    assert regions.spec.num_train == 2
    with pytest.raises(ValueError, match="no split 'validation'"):
        frames.split("validation")
