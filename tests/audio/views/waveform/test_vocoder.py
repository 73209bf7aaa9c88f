"""The phase vocoder against torchaudio's, and tones read at another speed."""

import math

import pytest
import torch
import torchaudio.functional as F

from audio.views.waveform.vocoder import phase_vocoder, speed

RATE = 8000


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tone(hz, num_samples=RATE, rate=RATE, dtype=torch.float32):
    return (0.3 * torch.sin(2 * math.pi * hz * torch.arange(num_samples, dtype=torch.float64) / rate)).to(dtype)


@pytest.mark.parametrize("rate", [0.8, 1.0, 1.3])
def test_phase_vocoder_is_torchaudios(rate):
    spectrum = torch.stft(noise(2, 3000).double(), 256, 64, window=torch.hann_window(256).double(), return_complex=True)
    expected = F.phase_vocoder(spectrum, rate, torch.linspace(0, math.pi * 64, 129).double()[:, None])
    ours = phase_vocoder(spectrum[:, None], torch.full((2,), rate, dtype=torch.float64), expected.shape[-1])[:, 0]
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rate", [0.7, 1.0, 1.37])
def test_speed_reads_tones_at_their_new_pitch(rate):
    y = speed(tone(600.0)[None, None], torch.tensor([rate]), 5000)[0, 0]
    torch.testing.assert_close(y[50:-50], tone(600.0 * rate, 5000)[50:-50], rtol=0, atol=2e-3)


def test_speed_removes_what_would_alias():
    rate = torch.tensor([1.5])
    kept, lost = (speed(tone(hz)[None, None], rate, 5000)[0, 0, 100:-100] for hz in (2000.0, 3500.0))
    assert kept.square().mean() == pytest.approx(0.045, rel=0.02)
    assert lost.abs().max() < 2e-3
