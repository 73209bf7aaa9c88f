"""Spectrogram views against torchaudio, interpolation and loops; time and frequency are never swapped."""

import math

import pytest
import torch
import torchaudio.functional as F

from audio import views

SHAPE = (50, 2, 12, 30)  # more frames than bands: swapped axes fail


def spectrogram(seed=0, shape=SHAPE):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("fill", ["mean", "silence"])
@pytest.mark.parametrize("view, size, axis", [(views.FrequencyMask, 12, 2), (views.TimeMask, 30, 3)])
def test_masks_cover_what_their_parameters_say(view, size, axis, fill, generator):
    x = spectrogram()
    mask = view(0.5, 2, fill)
    params = mask.sample(x, generator)
    y = mask.transform(x, params)
    assert params["width"].max() == size // 2 and params["width"].min() == 0
    assert (params["start"] + params["width"]).max() == size and params["start"].min() == 0
    for i in range(len(x)):
        expected = x[i].clone()
        value = 0.0 if fill == "mean" else x[i].min()
        for start, width in zip(params["start"][i].tolist(), params["width"][i].tolist(), strict=True):
            expected.narrow(axis - 1, start, width).fill_(value)
        assert torch.equal(y[i], expected)


@pytest.mark.parametrize("view, axis", [(views.FrequencyMask, 1), (views.TimeMask, 2)])
def test_masks_are_torchaudios(view, axis, monkeypatch):
    """``mask_along_axis`` draws width = u·limit and start = v·(size − width), then truncates both."""
    x, u, v, limit = spectrogram()[:1, :1], 0.83, 0.41, 6
    draws = iter([torch.tensor([u]), torch.tensor([v])])
    with monkeypatch.context() as patch:
        patch.setattr(torch, "rand", lambda *_, **__: next(draws))
        expected = F.mask_along_axis(x[0], limit, 0.0, axis)
    width = u * limit
    start, end = int(v * (x.shape[axis + 1] - width)), int(v * (x.shape[axis + 1] - width)) + int(width)
    params = {"start": torch.tensor([[start]]), "width": torch.tensor([[end - start]])}
    assert torch.equal(view().transform(x, params)[0], expected)


def test_frequency_shift_moves_bands_and_only_bands():
    x = spectrogram()[:3]
    y = views.FrequencyShift().transform(x, {"shift": torch.tensor([2, 0, -5])})
    assert torch.equal(y[0, :, 2:], x[0, :, :-2]) and (y[0, :, :2] == 0).all()
    assert torch.equal(y[1], x[1])
    assert torch.equal(y[2, :, :-5], x[2, :, 5:]) and (y[2, :, -5:] == 0).all()


@pytest.mark.parametrize("top, height, left, width", [(0, 12, 0, 45), (3, 7, 10, 20), (2, 9, 30, 15), (5, 1, 8, 30)])
def test_crop_is_interpolation_of_the_canvas(top, height, left, width):
    x = spectrogram()[:2]
    view = views.SpectrogramCrop(canvas=1.5)
    canvas = torch.nn.functional.pad(x, (7, 8))  # 30 frames in the middle of 45
    crop = canvas[..., top : top + height, left : left + width]
    expected = torch.nn.functional.interpolate(crop, (12, 30), mode="bilinear", align_corners=True)
    names = {"top": top, "height": height, "left": left, "width": width}
    y = view.transform(x, {name: torch.tensor([value, value]) for name, value in names.items()})
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=2e-5)


def test_crop_draws_stay_on_the_canvas_and_fill_their_ranges(generator):
    x = torch.empty(4000, 1, 40, 100)
    p = views.SpectrogramCrop((0.6, 1.5), (0.6, 1.5), 1.5).sample(x, generator)
    assert p["height"].min() == 24 and p["height"].max() == 40
    assert p["width"].min() == 60 and p["width"].max() >= 148
    assert (p["top"] + p["height"]).max() == 40 and (p["left"] + p["width"]).max() == 150
    assert p["top"].min() == 0 and p["left"].min() == 0


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
    from viewlearn.views import RandomApply

    x = spectrogram()
    y = RandomApply(views.LogMixup((0.3, 0.3)), 0.3)(x, generator)
    changed = (y != x).flatten(1).any(1)
    assert 0 < changed.sum() < len(x) and y.isfinite().all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.FrequencyMask(1.5), "max_fraction is 1.5"),
        (lambda: views.TimeMask(0.5, 0), "num_masks is 0"),
        (lambda: views.TimeMask(0.5, 1, "loud"), "fill is 'loud'"),
        (lambda: views.SpectrogramNoise((-0.1, 0.2)), "std is"),
        (lambda: views.LogMixup((0.0, 1.0)), "ratio is"),
        (lambda: views.LogMixup(unit_db=0.0), "unit_db is 0.0"),
        (lambda: views.SpectrogramCrop(canvas=0.5), "canvas is 0.5"),
        (lambda: views.FrequencyShift(math.nan), "max_fraction is nan"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
