"""Mixtures of silence."""

import torch

from audio.views.snr import mix


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_silence_gets_no_noise_and_silent_noise_changes_nothing():
    x, n = noise(2, 1, 100), noise(2, 1, 100, seed=1)
    assert torch.equal(mix(torch.zeros_like(x), n, torch.zeros(2)), torch.zeros_like(x))
    assert torch.equal(mix(x, torch.zeros_like(n), torch.zeros(2)), x)
