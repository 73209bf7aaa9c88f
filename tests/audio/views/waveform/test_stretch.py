"""Tempo and pitch against torchaudio, with tones and clicks."""

import math

import pytest
import torch
import torchaudio.functional as F
import torchaudio.transforms as T

from audio import views

RATE = 8000


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tone(hz, num_samples=RATE, rate=RATE, dtype=torch.float32):
    return (0.3 * torch.sin(2 * math.pi * hz * torch.arange(num_samples, dtype=torch.float64) / rate)).to(dtype)


def test_time_stretch_at_one_rate_per_sample_is_torchaudios():
    x, rate = noise(3, 1, 4000).double(), torch.tensor([0.8, 1.0, 1.25])
    y = views.TimeStretch(n_fft=256).transform(x, {"rate": rate})
    window = torch.hann_window(256).double()
    for i, r in enumerate(rate.tolist()):
        spectrum = torch.stft(x[i, 0], 256, 64, window=window, return_complex=True)
        stretched = T.TimeStretch(hop_length=64, n_freq=129)(spectrum[None].to(torch.complex128), r)[0]
        length = min(4000, (stretched.shape[-1] - 6) * 64)  # behind it, theirs reads the end reflected, ours silence
        expected = torch.istft(stretched, 256, 64, window=window)[:length]
        torch.testing.assert_close(y[i, 0, :length], expected, rtol=0, atol=1e-5)


def test_stretching_by_one_changes_nothing_and_keeps_pitch_otherwise():
    x = torch.stack([tone(440.0), tone(440.0)])[:, None]
    y = views.TimeStretch().transform(x, {"rate": torch.tensor([1.0, 1.2])})
    torch.testing.assert_close(y[0], x[0], rtol=0, atol=1e-5)
    middle = y[1, 0, 1000:5000]
    assert torch.fft.rfft(middle * torch.hann_window(4000)).abs().argmax() * RATE / 4000 == pytest.approx(440, abs=3)
    assert y[1, 0, int(RATE / 1.2) + 600 :].abs().max() < 1e-3, "the sound has ended earlier"


@pytest.mark.parametrize("semitones", [-4.0, 0.0, 7.0])
def test_pitch_shift_moves_a_tone_by_semitones_and_keeps_the_tempo(semitones):
    clicks = torch.zeros(RATE)
    clicks[[2000, 5000]] = 1.0
    x = torch.stack([tone(500.0), clicks])[:, None]
    y = views.PitchShift((-7.0, 7.0)).transform(x, {"semitones": torch.full((2,), semitones)})[:, 0]
    spectrum = torch.fft.rfft(y[0, 1000:7000] * torch.hann_window(6000)).abs()
    assert spectrum.argmax() * RATE / 6000 == pytest.approx(500 * 2 ** (semitones / 12), abs=3)
    envelope = y[1].abs().unfold(0, 400, 100).square().sum(1)
    first, second = envelope[:35].argmax() * 100 + 200, (envelope[35:].argmax() + 35) * 100 + 200
    assert abs(first - 2000) <= 350 and abs(second - 5000) <= 350


def test_pitch_shift_resembles_torchaudios():
    x = (tone(300.0, dtype=torch.float64) + tone(710.0, dtype=torch.float64))[None, None]
    ours = views.PitchShift((-4.0, 4.0)).transform(x, {"semitones": torch.tensor([4.0])})[0, 0, 1000:-1000]
    # Any rate will do: this one and that four semitones above have a large common divisor, so theirs resamples fast.
    theirs = F.pitch_shift(x, 227 * 35, 4)[0, 0, 1000:-1000]
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.99
