"""Vowels: resonances and pitch where they should be."""

import pytest
import torch

from audio.synthesis import VOWELS, Speakers, vowels

RATE = 8000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", VOWELS)
def test_breathed_vowels_peak_at_their_formants(name):
    index = torch.full((100,), list(VOWELS).index(name))
    whisper = torch.full((100,), 1e3)  # drowns the pulses, whose harmonics would hide the resonances
    speaker = Speakers(torch.full((100,), 100.0), torch.ones(100), whisper, torch.zeros(100))
    power = torch.fft.rfft(vowels(index, speaker, RATE, RATE, seeded())).abs().square().mean(0)  # 1 Hz a bin
    smooth = torch.nn.functional.avg_pool1d(power[None], 81, 1, 40)[0]
    for formant in VOWELS[name][:2]:
        low, high = int(0.86 * formant), int(1.14 * formant)
        assert 5 < smooth[low:high].argmax() < high - low - 5, f"no peak near {formant} Hz"


def test_formants_move_with_the_size_of_the_tract():
    index = torch.zeros(100, dtype=torch.int64)  # i: F2 at 2,290 Hz, alone in its band
    centers = []
    for size in (1.0, 1.25):
        speaker = Speakers(torch.full((100,), 100.0), torch.full((100,), size), torch.zeros(100), torch.zeros(100))
        power = torch.fft.rfft(vowels(index, speaker, RATE, RATE, seeded())).abs().square().mean(0)[1200:3200]
        centers.append(torch.nn.functional.avg_pool1d(power[None], 151, 1, 75)[0].argmax().item() + 1200)
    assert centers[0] == pytest.approx(2290, rel=0.06) and centers[1] / centers[0] == pytest.approx(1.25, rel=0.08)


def test_pitch_is_the_speakers():
    for hz in (100.0, 200.0):
        speaker = Speakers(torch.full((50,), hz), torch.ones(50), torch.zeros(50), torch.zeros(50))
        x = vowels(torch.full((50,), 4), speaker, RATE, RATE, seeded())
        correlation = torch.fft.irfft(torch.fft.rfft(x, n=2 * RATE).abs().square().mean(0))
        lag = correlation[25:120].argmax().item() + 25  # 67 to 320 Hz
        assert RATE / lag == pytest.approx(hz, rel=0.06)
