"""Noise and mixtures on spectrograms: their size, and mixtures of powers."""

import pytest
import torch

from audio import views
from viewlearn.views import RandomApply

SHAPE = (50, 2, 12, 30)  # more frames than bands: swapped axes fail


def spectrogram(seed=0, shape=SHAPE):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_noise_has_its_standard_deviation(generator):
    x = spectrogram(shape=(4, 1, 64, 100))
    added = views.SpectrogramNoise((0.3, 0.3))(x, generator) - x
    torch.testing.assert_close(added.flatten(1).std(1), torch.full((4,), 0.3), rtol=0.03, atol=0)


def test_mixup_is_a_mixture_of_powers():
    """Two spectrograms in dB, z-scored by one mean and standard deviation, mixed in power and z-scored again."""
    mean, std = -37.0, 14.0
    db = -40 + 20 * spectrogram(shape=(2, 1, 5, 6)).double()
    ratio = torch.tensor([0.3, 0.1])
    y = views.LogMixup(unit_db=std).transform((db - mean) / std, {"ratio": ratio, "offset": torch.tensor([1, 1])})
    watts = 10 ** (db / 10)
    weight = ratio.double()[:, None, None, None]
    expected = 10 * ((1 - weight) * watts + weight * watts.flip(0)).log10()
    torch.testing.assert_close(y * std + mean, expected, rtol=1e-6, atol=1e-6)


def test_mixup_with_nothing_changes_nothing_and_partners_are_others(generator):
    x = spectrogram()
    view = views.LogMixup((0.0, 0.0))
    torch.testing.assert_close(view(x, generator), x, rtol=1e-5, atol=1e-6)
    offset = view.sample(x, generator)["offset"]
    assert offset.min() >= 1 and offset.max() <= len(x) - 1


def test_mixup_works_where_only_some_samples_are_hit(generator):
    x = spectrogram()
    y = RandomApply(views.LogMixup((0.3, 0.3)), 0.3)(x, generator)
    changed = (y != x).flatten(1).any(1)
    assert 0 < changed.sum() < len(x) and y.isfinite().all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.SpectrogramNoise((-0.1, 0.2)), "std is"),
        (lambda: views.LogMixup((0.0, 1.0)), "ratio is"),
        (lambda: views.LogMixup(unit_db=0.0), "unit_db is 0.0"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
