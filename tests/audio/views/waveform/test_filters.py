"""Filters against torchaudio's recursion in double precision."""

import pytest
import torch
import torchaudio.functional as F

from audio import views

RATE = 8000


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "view, theirs, name",
    [
        (views.LowPass, F.lowpass_biquad, "cutoff_hz"),
        (views.HighPass, F.highpass_biquad, "cutoff_hz"),
        (views.BandPass, F.bandpass_biquad, "center_hz"),
    ],
)
@pytest.mark.parametrize("q", [0.3, 0.7071, 3.0])
def test_filters_are_torchaudios_biquads(view, theirs, name, q):
    x, hz = noise(3, 2, 3000, scale=0.03), torch.tensor([60.0, 700.0, 3500.0])
    y = view((60.0, 3600.0), q=q, sample_rate=RATE).transform(x, {name: hz})
    expected = torch.stack([theirs(row.double(), RATE, f, Q=q) for row, f in zip(x, hz.tolist(), strict=True)])
    torch.testing.assert_close(y.double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.LowPass((100.0, 4000.0), sample_rate=RATE), "half of the sample rate"),
        (lambda: views.LowPass(), "needs sample_rate"),
        (lambda: views.BandPass(q=0.0, sample_rate=RATE), "q is 0.0"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
