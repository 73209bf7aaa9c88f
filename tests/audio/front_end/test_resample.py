"""Resampling against torchaudio."""

import torch
import torchaudio.transforms as T

from audio.front_end import resample


def noise(*shape, seed=0):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_resampling_is_torchaudios():
    x = noise(2, 1, 1001)
    assert torch.equal(resample(x, 44100, 16000), T.Resample(44100, 16000)(x))
    assert resample(x, 8000, 8000) is x
