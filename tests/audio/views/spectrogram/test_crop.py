"""Crops of spectrograms against interpolation."""

import pytest
import torch

from audio import views

SHAPE = (50, 2, 12, 30)  # more frames than bands: swapped axes fail


def spectrogram(seed=0, shape=SHAPE):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("top, height, left, width", [(0, 12, 0, 45), (3, 7, 10, 20), (2, 9, 30, 15), (5, 1, 8, 30)])
def test_crop_is_interpolation_of_the_canvas(top, height, left, width):
    x = spectrogram()[:2]
    view = views.SpectrogramCrop(canvas=1.5)
    canvas = torch.nn.functional.pad(x, (7, 8))  # 30 frames in the middle of 45
    crop = canvas[..., top : top + height, left : left + width]
    expected = torch.nn.functional.interpolate(crop, (12, 30), mode="bilinear", align_corners=True)
    names = {"top": top, "height": height, "left": left, "width": width}
    y = view.transform(x, {name: torch.tensor([value, value]) for name, value in names.items()})
    # Places are float32 whatever x is: four roundings of 45 · 2⁻²⁴ are 1e-5 of a frame, neighbors differ by up to 5.
    torch.testing.assert_close(y, expected, rtol=0, atol=5e-5)


def test_crop_draws_stay_on_the_canvas_and_fill_their_ranges(generator):
    x = torch.empty(4000, 1, 40, 100)
    p = views.SpectrogramCrop((0.6, 1.5), (0.6, 1.5), 1.5).sample(x, generator)
    assert p["height"].min() == 24 and p["height"].max() == 40
    assert p["width"].min() == 60 and p["width"].max() >= 148
    assert (p["top"] + p["height"]).max() == 40 and (p["left"] + p["width"]).max() == 150
    assert p["top"].min() == 0 and p["left"].min() == 0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.SpectrogramCrop(canvas=0.5), "canvas is 0.5"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
