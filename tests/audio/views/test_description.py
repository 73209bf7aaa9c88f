"""Descriptors of sounds' views, entry by entry."""

import pytest
import torch
from torch import tensor

from audio import presets, views
from audio.superimposed.planes import RedrawOverlay
from audio.views.waveform import learned

NOISE = torch.zeros(2, 1, 9)
LEVELS = tensor([20.0, 5.0])
CASES = {
    "gain": (views.Gain((-12.0, 8.0)), {"db": tensor([0.0, -10.0])}, [[0], [-0.5]]),
    "polarity": (views.PolarityInversion(), {"inverted": tensor([False, True])}, [[0], [1]]),
    "crop": (views.RandomCrop(10), {"position": tensor([0.0, 0.3])}, [[0], [0.3]]),
    "segment": (
        views.RandomSegment(),
        {"start": tensor([0, 8_000]), "length": tensor([24_000, 8_000])},
        [[0, 0.75], [0.5, 0.5]],
    ),
    "mask": (views.WaveformMask(), {"start": tensor([0]), "length": tensor([2_000])}, [[0, 0.2]]),
    "white": (views.WhiteNoise((0.0, 20.0)), {"snr_db": LEVELS, "noise": NOISE}, [[0], [0.75]]),
    "colored": (
        views.ColoredNoise((0.0, 20.0), (-1.0, 2.0)),
        {"snr_db": LEVELS, "noise": NOISE, "exponent": tensor([0.0, 1.5])},
        [[0, 0], [0.75, 0.5]],
    ),
    "shift": (views.TimeShift(), {"shift": tensor([0, -24_000])}, [[0], [-0.75]]),
    "stretch": (views.TimeStretch((0.5, 2.0)), {"rate": tensor([1.0, 2.0])}, [[0], [0.5]]),
    "pitch": (views.PitchShift((-3.0, 3.0)), {"semitones": tensor([0.0, -1.5])}, [[0], [-0.25]]),
    "low_pass": (
        views.LowPass((100.0, 1_600.0), sample_rate=8_000),
        {"cutoff_hz": tensor([100.0, 400.0])},
        [[0], [0.5]],
    ),
    "reverberation": (
        views.Reverberation((0.1, 0.5), (0.0, 20.0), sample_rate=8_000),
        {"t60": tensor([0.1, 0.4]), "direct_db": LEVELS, "noise": NOISE[:, 0]},
        [[0, 0], [0.75, 0.75]],
    ),
    "frequency_mask": (
        views.FrequencyMask(0.5, 2),
        {"start": tensor([[0, 64]]), "width": tensor([[16, 0]])},
        [[0, 0.5, 0.2, 0]],
    ),
    "noise": (views.SpectrogramNoise((0.0, 0.5)), {"std": tensor([0.0, 0.25]), "noise": NOISE}, [[0], [0.5]]),
    "mixup": (views.LogMixup(), {"ratio": tensor([0.0, 0.3]), "offset": tensor([1, 5])}, [[0], [0.3]]),
    "frequency_shift": (views.FrequencyShift(), {"shift": tensor([0, -4])}, [[0], [-0.2]]),
    "spectrogram_crop": (
        views.SpectrogramCrop(),
        {"top": tensor([0]), "height": tensor([64]), "left": tensor([16]), "width": tensor([192])},
        [[0, 0.5, 0.2, 0.75]],
    ),
    "overlay": (RedrawOverlay(0.5), {"offset": tensor([3, 4]), "redraw": tensor([True, False])}, [[1], [0]]),
}


@pytest.mark.parametrize("name", CASES)
def test_each_number_says_what_its_docstring_does(name):
    view, params, expected = CASES[name]
    numbers = view.describe(params)
    assert numbers.dtype == torch.float32
    torch.testing.assert_close(numbers, tensor(expected, dtype=torch.float32), rtol=0, atol=1e-6)


def test_learned_views_tell_where_they_spent_their_budget():
    gain = torch.zeros(1, 16)
    gain[0, 2:4], gain[0, 14:] = 3.0, -12.0
    numbers = views.LearnedEqualizer(6.0, width=8, channels=1).describe({"gain_db": gain})
    assert numbers.tolist() == [[0, 0.5, 0, 0, 0, 0, 0, -2]]
    numbers = learned.LearnedWaveformFilter(6.0, width=4, sample_rate=8_000).describe({"gain_db": gain})
    assert numbers.tolist() == [[0, 0.5, 0, 0, 0, 0, 0, -2]]
    mask = torch.zeros(1, 1, 32)
    mask[..., 2:8] = 1.0
    assert learned.LearnedWaveformMask(width=4).describe({"mask": mask}).tolist() == [[0.5, 1, 0, 0, 0, 0, 0, 0]]
    numbers = learned.LearnedWaveformWarp(20.0, width=4, sample_rate=1_000).describe({"displacement": 10 * mask})
    assert numbers.tolist() == [[0.25, 0.5, 0, 0, 0, 0, 0, 0]]
    delta = torch.ones(1, 1, 32)
    delta[..., 16:] = -3.0
    numbers = views.WaveformViewmaker(width=8).describe({"delta": delta})
    assert numbers.tolist() == [[-0.5] * 4 + [0.5] * 4]


@pytest.mark.parametrize("preset", [presets.SpectralViews(), presets.BYOLAViews()])
def test_draws_of_presets_differ_by_1_at_most(preset, generator):
    numbers = preset.describe(preset.sample(torch.zeros(200, 1, 64, 64), generator))
    assert len(numbers) == 200 and (numbers.amax(0) - numbers.amin(0)).max() <= 1
