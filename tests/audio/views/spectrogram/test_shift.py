"""Shifts of spectrograms by hand."""

import math

import pytest
import torch

from audio import views

SHAPE = (50, 2, 12, 30)  # more frames than bands: swapped axes fail


def spectrogram(seed=0, shape=SHAPE):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_frequency_shift_moves_bands_and_only_bands():
    x = spectrogram()[:3]
    y = views.FrequencyShift().transform(x, {"shift": torch.tensor([2, 0, -5])})
    assert torch.equal(y[0, :, 2:], x[0, :, :-2]) and (y[0, :, :2] == 0).all()
    assert torch.equal(y[1], x[1])
    assert torch.equal(y[2, :, :-5], x[2, :, 5:]) and (y[2, :, -5:] == 0).all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.FrequencyShift(math.nan), "max_fraction is nan"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
