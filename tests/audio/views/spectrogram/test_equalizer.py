import pytest
import torch

from audio import LearnedEqualizer


def learned(**arguments) -> LearnedEqualizer:
    torch.manual_seed(0)
    return LearnedEqualizer(**{"channels": 1, "width": 4, **arguments})


@pytest.mark.parametrize("budget", [1.0, 12.0])
def test_the_gain_is_in_db_and_the_same_in_all_frames(budget, generator):
    view = learned(budget=budget, unit_db=10.0)
    x = torch.randn(5, 1, 40, 31, generator=generator)
    params = view.sample(x, generator)
    change = 10.0 * (view.transform(x, params) - x)
    torch.testing.assert_close(change, change[..., :1].expand_as(change), rtol=0, atol=1e-4)
    torch.testing.assert_close(change.abs().mean((1, 2, 3)), torch.full((5,), budget), rtol=1e-3, atol=0)
    torch.testing.assert_close(view.resolve(x, params)["gain_db"], change[:, 0, :, 0], rtol=1e-4, atol=1e-4)
    assert change[:, 0].diff(dim=1).abs().max() < 0.6 * change.abs().max()  # smooth over frequency


def test_bfloat16_keeps_the_budget_and_every_weight_learns(generator):
    view = learned()
    x = torch.randn(4, 1, 20, 31, generator=generator)
    params = view.sample(x, generator)
    with torch.autocast("cpu", torch.bfloat16):
        seen, decisions = view.observe(x, params)
    gain = decisions[""].resolved["gain_db"]
    torch.testing.assert_close(gain.abs().mean(1), torch.full((4,), 6.0), rtol=0.02, atol=0)
    (seen * torch.randn(x.shape, generator=generator)).sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in view.parameters())
    assert set(view.measure(decisions[""])) == {"gain_db", "level_db"}


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"-1\.0"):
        learned(budget=-1.0)
    with pytest.raises(ValueError, match="channels"):
        learned(channels=None)
