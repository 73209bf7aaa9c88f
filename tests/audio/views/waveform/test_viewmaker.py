"""The waveform Viewmaker keeps its budget, hears its noise, and learns through the front end."""

import pytest
import torch

from audio.front_end import LogMel
from audio.views import WaveformViewmaker
from audio.views.waveform.viewmaker import _fold, _unfold


@pytest.fixture
def viewmaker():
    torch.manual_seed(0)
    return WaveformViewmaker(0.2, width=16)


def waveform(*shape):
    return 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("num_samples", [1600, 1601, 2047])
def test_distance_is_the_budget_relative_to_each_clip(viewmaker, num_samples, generator):
    x = waveform(3, 1, num_samples) * torch.tensor([0.001, 1.0, 5.0])[:, None, None]
    delta = viewmaker(x, generator) - x
    ratio = delta.abs().mean((1, 2)) / x.abs().mean((1, 2))
    torch.testing.assert_close(ratio, torch.full((3,), 0.2), rtol=2e-3, atol=0)


def test_silence_stays_silent_and_gradients_finite(viewmaker, generator):
    x = torch.zeros(2, 1, 640, requires_grad=True)
    y = viewmaker(x, generator)
    assert torch.equal(y, x)
    y.sum().backward()
    assert x.grad.isfinite().all()


def test_every_noise_map_matters(viewmaker, generator):
    x = waveform(2, 1, 1600)
    params = viewmaker.sample(x, generator)
    y = viewmaker.transform(x, params)
    for name, value in params.items():
        other = viewmaker.transform(x, {**params, name: 1 - value})
        assert (other - y).abs().amax((1, 2)).gt(1e-4).all(), name


def test_all_weights_learn_through_the_front_end(viewmaker, generator):
    x = waveform(2, 1, 1600)
    LogMel(8000, 256, 80, 20)(viewmaker(x, generator)).square().sum().backward()
    assert all(p.grad is not None and p.grad.norm() > 0 for p in viewmaker.parameters())


def test_folding_is_inverted():
    x = waveform(2, 3, 64)
    assert torch.equal(_unfold(_fold(x)), x)


@pytest.mark.parametrize("arguments", [{"budget": 0.0}, {"width": 0}, {"channels": 0}, {"num_res_blocks": -1}])
def test_mistakes_are_said(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        WaveformViewmaker(**arguments)


def test_other_channels_are_said(viewmaker):
    with pytest.raises(ValueError, match=r"built for waveforms \(batch, 1, time\), not \(2, 2, 64\)"):
        viewmaker(torch.zeros(2, 2, 64))
