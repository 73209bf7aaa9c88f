"""Crops to the middle, by hand."""

import pytest
import torch

from audio.front_end import CenterCrop, center_crop


@pytest.mark.parametrize("num_samples", [1, 4, 5, 6, 9])
def test_center_crop_keeps_or_pads_the_middle(num_samples):
    x = torch.arange(1.0, 6.0).expand(2, 1, 5)
    y = CenterCrop(num_samples)(x)
    assert y.shape == CenterCrop(num_samples).like(x).shape == (2, 1, num_samples)
    kept = y[0, 0][y[0, 0] > 0]
    start = max(0, (5 - num_samples) // 2)
    assert torch.equal(kept, x[0, 0, start : start + num_samples])
    before, after = (y[0, 0] > 0).nonzero()[[0, -1]].flatten().tolist()
    assert abs(before - (num_samples - 1 - after)) <= 1
    assert torch.equal(center_crop(x, num_samples), y)
