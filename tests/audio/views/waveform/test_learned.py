"""Learned masks, warps and filters of waveforms: budgets in their units, on clips that they never saw."""

import pytest
import torch

from audio.front_end import LogMel
from audio.views.waveform.learned import LearnedWaveformFilter, LearnedWaveformMask, LearnedWaveformWarp

RATE = 8000
VIEWS = {
    "mask": lambda: LearnedWaveformMask(0.3, width=4),
    "warp": lambda: LearnedWaveformWarp(15.0, width=4, sample_rate=RATE),
    "far_warp": lambda: LearnedWaveformWarp(200.0, width=4, sample_rate=RATE),
    "filter": lambda: LearnedWaveformFilter(4.0, width=4, sample_rate=RATE),
}


@pytest.fixture(params=VIEWS)
def view(request):
    torch.manual_seed(0)
    return VIEWS[request.param]()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def clips(num_samples, seed=1):
    """Tones that come and go."""
    time = torch.arange(num_samples) / RATE
    hertz, turn = torch.rand(2, 4, 1, 1, generator=seeded(seed)) * torch.tensor([1000.0, 6.0]).view(2, 1, 1, 1)
    return 0.2 * (2 * torch.pi * (hertz + 100) * time).sin() * (turn + 8 * time).sin()


@pytest.mark.parametrize("num_samples", [300, 4000, 4001])
def test_the_budget_holds_on_unseen_clips(view, num_samples):
    for x in (clips(num_samples), torch.randn(4, 1, num_samples, generator=seeded(2)), torch.zeros(4, 1, num_samples)):
        resolved = view.resolve(x, view.sample(x, seeded()))
        if isinstance(view, LearnedWaveformMask):
            spent = resolved["mask"].mean((1, 2))
        elif isinstance(view, LearnedWaveformWarp):
            spent = resolved["displacement"].abs().mean((1, 2)) * (1000 / RATE)
            assert (1 + resolved["displacement"].diff(dim=2) > 0.05).all()  # time never runs backwards
        else:
            spent = resolved["gain_db"].abs().mean(1)
        torch.testing.assert_close(spent, torch.full_like(spent, view.budget), rtol=0.02, atol=0)


def test_learns_through_the_front_end_and_measures_what_it_did(view):
    x = clips(4000)
    front_end = LogMel(RATE, 256, 128, 16)
    y, decisions = view.observe(x, view.sample(x, seeded()))
    target = torch.randn(front_end(y).shape, generator=seeded(3))
    (front_end(y) * target).sum().backward()
    for key, parameter in view.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key
    measured = view.measure(decisions[""])
    assert all(value.isfinite() and not value.requires_grad for value in measured.values())
    name = {"mask": "hidden", "displacement": "displacement_ms", "gain_db": "gain_db"}
    (known,) = [name[each] for each in decisions[""].resolved if each in name]
    assert measured[known] == pytest.approx(view.budget, rel=0.02)


def test_what_is_hidden_is_silent_and_the_rest_stays():
    x = clips(4000)
    view = LearnedWaveformMask(0.3, sharpness=30.0, width=4)
    params = view.sample(x, seeded())
    mask, y = view.resolve(x, params)["mask"], view.transform(x, params)
    torch.testing.assert_close(y[mask < 1e-6], x[mask < 1e-6])
    assert y[mask > 0.999].abs().max() < 1e-3 and (mask > 0.999).float().mean() > 0.15


def test_a_constant_displacement_is_a_delay():
    x = clips(4000)
    view = LearnedWaveformWarp(width=4, sample_rate=RATE)
    y = view.act(x, {"displacement": torch.full((4, 1, 4000), 25.0)})
    torch.testing.assert_close(y[..., 100:3900], x[..., 125:3925], rtol=0, atol=2e-4)


def test_a_constant_gain_is_a_level():
    x = clips(4000)
    view = LearnedWaveformFilter(width=4, sample_rate=RATE)
    y = view.act(x, {"gain_db": torch.full((4, 64), 6.0)})
    torch.testing.assert_close(y, x * 10 ** (6 / 20), rtol=0, atol=1e-5)
    low = torch.cat([torch.zeros(4, 32), torch.full((4, 32), -60.0)], dim=1)  # above the middle of the mel scale
    spectrum = (
        torch.fft.rfft(view.act(torch.randn(4, 1, 8000, generator=seeded()), {"gain_db": low})).abs().mean((0, 1))
    )
    assert spectrum[2000:].mean() < 0.05 * spectrum[100:800].mean()
