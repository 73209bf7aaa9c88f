"""The oracle that redraws overlays, and what the published code did."""

import pytest
import torch

from audio.superimposed.planes import RedrawOverlay

RATE = 8000
RANGE = (0.0, 10.0)


def test_published_redraw_shares_the_background_in_a_third_of_pairs(generator):
    """Three kinds, drawn independently for both views; the foreground always stays."""
    kinds = torch.arange(600) % 3
    x = torch.stack([torch.arange(600.0)[:, None].expand(-1, 4), kinds[:, None].expand(-1, 4).float()], dim=1)
    first, second = RedrawOverlay()(x, generator), RedrawOverlay()(x, generator)
    assert torch.equal(first[:, 0], x[:, 0])
    shared = (first[:, 1, 0] == second[:, 1, 0]).float().mean()
    assert shared == pytest.approx(1 / 3, abs=0.06)
    with pytest.raises(ValueError, match=r"1 channel.*their overlay can't be redrawn"):
        RedrawOverlay()(x[:, :1])


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_overlays_are_redrawn_as_often_as_asked(probability, generator):
    x = torch.arange(2000.0)[:, None, None].expand(-1, 2, 4)
    view = RedrawOverlay(probability)
    params = view.sample(x, generator)
    y = view.transform(x, params)
    assert params["redraw"].float().mean() == pytest.approx(probability, abs=0.04)
    donor = (torch.arange(2000) + params["offset"]) % 2000
    assert torch.equal(y[:, 0], x[:, 0])
    assert torch.equal(y[:, 1], torch.where(params["redraw"][:, None], x[donor, 1], x[:, 1]))


def test_certain_redraws_take_no_random_numbers_but_the_partners(generator):
    x, again = torch.zeros(50, 2, 4), torch.Generator().manual_seed(generator.initial_seed())
    params = RedrawOverlay().sample(x, generator)
    assert torch.equal(params["offset"], torch.randint(0, 50, (50,), generator=again))
    assert torch.equal(generator.get_state(), again.get_state())


def test_mistakes_are_said():
    with pytest.raises(ValueError, match=r"probability is 1\.5"):
        RedrawOverlay(1.5)
