"""Folders of video as data of a run: windows of frames, or tracked regions beside their frames."""

import numpy as np
import pytest
import torch
from PIL import Image

from viewlearn.data import check_data
from vision.video import VideoFolder
from vision.video.tracking.tracks import Track, save_tracks


def test_clips_below_a_folder(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for k in range(10):
            Image.fromarray(np.full((20, 30, 3), 10 * k, np.uint8)).save(tmp_path / "clips" / name / f"{k}.png")
        box = torch.tensor([[2.0, 2, 12, 12]]).repeat(10, 1)
        save_tracks([Track(0, box, torch.ones(10, dtype=torch.bool), 1.0)], tmp_path / "tracks" / f"{name}.jsonl")
    frames = VideoFolder(str(tmp_path / "clips"), fps=5, duration=0.8, num_frames=3, size=8)
    assert frames.pretraining()[0][0].shape == (3, 3, 8, 8)
    assert frames.spec.num_train == 4
    assert frames.spec.mean[0] == pytest.approx(45 / 255, abs=0.03)
    regions = VideoFolder(str(tmp_path / "clips"), str(tmp_path / "tracks"), fps=5, num_frames=3, size=8)
    assert regions.pretraining()[1][0].shape == (3, 2, 3, 8, 8)
    for data in (frames, regions):
        check_data(data)
    assert regions.spec.num_train == 2
    with pytest.raises(ValueError, match="no split 'validation'"):
        frames.split("validation")
    assert frames.skipped == {}
    (tmp_path / "clips" / "b" / "3.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match="1 of 2 clips can't be read"):
        frames = VideoFolder(str(tmp_path / "clips"), fps=5, duration=0.8, num_frames=3, size=8, unreadable="skip")
    assert list(frames.skipped) == [str(tmp_path / "clips" / "b")] and frames.spec.num_train == 2
