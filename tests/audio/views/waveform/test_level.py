"""Gain and polarity against torchaudio's function and by hand."""

import pytest
import torch
import torchaudio.functional as F

from audio import views


def noise(*shape, seed=0, scale=0.1):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_gain_is_torchaudios():
    x, db = noise(3, 1, 100), torch.tensor([-12.0, 0.0, 6.5])
    expected = torch.stack([F.gain(row, g) for row, g in zip(x, db.tolist(), strict=True)])
    torch.testing.assert_close(views.Gain().transform(x, {"db": db}), expected, rtol=1e-5, atol=0)


def test_polarity():
    x = noise(2, 2, 10)
    y = views.PolarityInversion().transform(x, {"inverted": torch.tensor([True, False])})
    assert torch.equal(y, torch.stack([-x[0], x[1]]))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.Gain((3.0, -3.0)), r"db is \[3.0, -3.0\]"),
        (lambda: views.PolarityInversion(1.2), "probability is 1.2"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
