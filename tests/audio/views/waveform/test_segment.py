"""Crops and segments are the windows that their parameters say."""

import pytest
import torch

from audio import views


@pytest.mark.parametrize("view", [views.RandomSegment((0.1, 0.6)), views.WaveformMask((0.1, 0.6))])
def test_segments_cover_what_their_parameters_say(view, generator):
    x = torch.ones(50, 2, 40)
    params = view.sample(x, generator)
    y = view.transform(x, params)
    assert params["length"].min() >= 4 and params["length"].max() <= 24
    for i in range(50):
        expected = torch.zeros(40)
        expected[params["start"][i] : params["start"][i] + params["length"][i]] = 1.0
        expected = expected if isinstance(view, views.RandomSegment) else 1 - expected
        assert torch.equal(y[i], expected.expand(2, 40))
    assert (params["start"] + params["length"]).max() <= 40


def test_crops_are_windows_of_the_clip_and_reach_both_ends(generator):
    x = torch.arange(10.0).expand(300, 1, 10)
    y = views.RandomCrop(4)(x, generator)
    assert (y.diff(dim=-1) == 1).all()
    assert y[:, 0, 0].unique().tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_short_clips_are_padded_at_a_random_place(generator):
    x = torch.arange(1.0, 5.0).expand(300, 1, 4)
    y = views.RandomCrop(7)(x, generator)
    rows = {tuple(row) for row in y[:, 0].tolist()}
    assert rows == {tuple([0.0] * k + [1.0, 2.0, 3.0, 4.0] + [0.0] * (3 - k)) for k in range(4)}


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: views.RandomSegment((0.5, 1.5)), "fraction is"),
        (lambda: views.RandomCrop(), "needs num_samples"),
    ],
)
def test_mistakes_are_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
