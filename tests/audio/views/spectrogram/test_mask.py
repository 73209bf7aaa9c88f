"""Masks against torchaudio and loops; time and frequency are never swapped."""

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


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.FrequencyMask(1.5), "max_fraction is 1.5"),
        (lambda: views.TimeMask(0.5, 0), "num_masks is 0"),
        (lambda: views.TimeMask(0.5, 1, "loud"), "fill is 'loud'"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
