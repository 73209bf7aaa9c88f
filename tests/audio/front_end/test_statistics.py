"""Measured statistics z-score the data that they were measured on."""

import pytest
import torch

from audio.front_end import LogMel, log_mel_statistics
from viewlearn.data import ArrayDataset


def noise(*shape, seed=0):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_measured_statistics_z_score_the_data():
    dataset = ArrayDataset((noise(100, 1, 4000) * 32768).to(torch.int16))
    front = LogMel(8000, 512, 100, 40)
    mean, std = log_mel_statistics(dataset, front)
    z = LogMel(8000, 512, 100, 40, mean=mean, std=std)(dataset.x / 32768)
    assert z.mean() == pytest.approx(0, abs=1e-3) and z.std() == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="clips are silent"):
        log_mel_statistics(ArrayDataset(torch.zeros(3, 1, 4000)), front)
