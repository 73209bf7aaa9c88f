"""Transforms of arrays as views of waveforms."""

import random

import numpy as np
import pytest
import torch

from audio import ForeignSoundView


class Noise:
    """What audiomentations' transforms look like: arrays, a sample rate, and two global generators."""

    def __call__(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        assert samples.dtype == np.float32 and sample_rate == 8000
        self.ndim = samples.ndim
        return samples + np.float32(random.uniform(0.1, 0.2)) * np.random.randn(*samples.shape).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_replays_per_sample(channels, generator):
    noise = Noise()
    view = ForeignSoundView(noise, sample_rate=8000)
    x = torch.rand(3, channels, 50, generator=generator)
    params = view.sample(x, generator)
    seen = view.transform(x, params)
    assert view.stage == "natural" and noise.ndim == channels
    assert seen.shape == x.shape and torch.equal(seen, view.transform(x, params))
    added = (seen - x).flatten(1)
    assert not torch.allclose(added[0], added[1])


def test_what_is_refused():
    with pytest.raises(ValueError, match="ForeignSoundView needs sample_rate"):
        ForeignSoundView(Noise())
    with pytest.raises(ValueError, match="no gradient passes a transform of arrays"):
        ForeignSoundView(Noise(), 8000)(torch.rand(1, 1, 50, requires_grad=True))
    with pytest.raises(ValueError, match="turns a sample of shape"):
        ForeignSoundView(lambda samples, sample_rate: samples[:10], 8000)(torch.rand(1, 1, 50))
