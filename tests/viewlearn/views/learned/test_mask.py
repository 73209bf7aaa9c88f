import pytest
import torch

from viewlearn.views import LearnedMask
from viewlearn.views.learned.mask import area_sigmoid


def images(batch=4, size=32):
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def mask(**arguments) -> LearnedMask:
    torch.manual_seed(0)
    return LearnedMask(**{"channels": 3, "width": 4, **arguments})


@pytest.mark.parametrize("area", [0.01, 0.25, 0.9])
@pytest.mark.parametrize("scale", [0.0, 0.1, 3.0, 300.0])
def test_the_threshold_is_the_one_of_this_area(area, scale, generator):
    """Against scipy's root finder, also for flat maps and for step functions."""
    from scipy.optimize import brentq

    logits = scale * torch.randn(3, 1, 6, 7, generator=generator, dtype=torch.float64)
    found = area_sigmoid(logits, area)
    for row, one in zip(logits, found, strict=True):
        root = brentq(lambda b, row=row: float(torch.sigmoid(row - b).mean()) - area, -2000, 2000, xtol=1e-13)
        if scale < 300:
            torch.testing.assert_close(one, torch.sigmoid(row - root), rtol=1e-4, atol=1e-6)
        assert float(one.mean()) == pytest.approx(area, rel=0.02)


def test_the_thresholds_gradient_is_that_of_the_implicit_function(generator):
    logits = torch.randn(2, 1, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: area_sigmoid(value, 0.3), (logits,), eps=1e-6, atol=1e-6)
    area = torch.autograd.grad(area_sigmoid(logits, 0.3).mean(), logits)[0]
    torch.testing.assert_close(area, torch.zeros_like(area), rtol=0, atol=1e-9)  # no gradient moves the area


def test_hides_what_the_mask_says_and_nothing_else(generator):
    view = mask(mean=(0.1, 0.2, 0.3))
    x = images()
    params = view.sample(x, generator)
    m = view.resolve(x, params)["mask"]
    mean = torch.tensor((0.1, 0.2, 0.3)).view(3, 1, 1)
    torch.testing.assert_close(view.transform(x, params), (1 - m) * x + m * mean)
    assert m.min() >= 0 and m.max() <= 1
    assert ((m < 0.05) | (m > 0.95)).float().mean() > 0.5  # mostly one or the other


def test_a_mask_has_the_size_of_things(generator):
    """Its energy lies in low frequencies: fewer than four periods a side."""
    m = mask().resolve(images(8), mask().sample(images(8), generator))["mask"]
    power = torch.fft.rfft2(m - m.mean((2, 3), keepdim=True)).abs().square().mean((0, 1))
    low = torch.fft.fftfreq(32).abs()[:, None].maximum(torch.fft.rfftfreq(32)[None]) <= 4 / 32
    assert power[low].sum() / power.sum() > 0.8


def test_one_of_several_masks_is_applied(generator):
    view = mask(num_masks=3, budget=0.1)
    x = images(64)
    params = view.sample(x, generator)
    resolved = view.resolve(x, params)
    assert resolved["masks"].shape == (64, 3, 32, 32)
    torch.testing.assert_close(resolved["masks"].mean((2, 3)), torch.full((64, 3), 0.1), rtol=0.02, atol=0)
    for i, which in enumerate(params["which"]):
        assert torch.equal(resolved["mask"][i, 0], resolved["masks"][i, which])
    assert set(params["which"].tolist()) == {0, 1, 2}


def test_noise_fills_with_the_datas_statistics(generator):
    view = mask(fill="noise", budget=0.9, mean=(0.4, 0.5, 0.6), std=(0.1, 0.2, 0.05))
    x = images(64)
    fill = view.resolve(x, view.sample(x, generator))["fill"]
    torch.testing.assert_close(fill.mean((0, 2, 3)), torch.tensor((0.4, 0.5, 0.6)), rtol=0, atol=5e-3)
    torch.testing.assert_close(fill.std((0, 2, 3)), torch.tensor((0.1, 0.2, 0.05)), rtol=0.02, atol=0)
    clamped = mask(fill="noise", std=(1.0,) * 3, value_range=(0.0, 1.0))
    fill = clamped.resolve(x, clamped.sample(x, generator))["fill"]
    assert fill.min() >= 0 and fill.max() <= 1


def test_another_sample_fills(generator):
    view = mask(fill="sample", budget=0.5)
    x = images(6)
    params = view.sample(x, generator)
    m = view.resolve(x, params)["mask"]
    for i, offset in enumerate(params["offset"]):
        assert offset != 0
        torch.testing.assert_close(view.transform(x, params)[i], (1 - m[i]) * x[i] + m[i] * x[(i + offset) % 6])


def test_the_penalties_are_what_they_say(generator):
    view = mask(num_masks=2, diversity=2.0, smoothness=0.5)
    x = images()
    decisions = [view.observe(x, view.sample(x, generator))[1][""] for _ in range(2)]
    masks = torch.cat([decision.resolved["masks"] for decision in decisions], dim=1)
    pairs = [(masks[:, i] * masks[:, j]).mean() for i in range(4) for j in range(4) if i != j]
    edges = masks.diff(dim=2).abs().mean() + masks.diff(dim=3).abs().mean()
    torch.testing.assert_close(view.penalty(decisions), 2.0 * torch.stack(pairs).mean() + 0.5 * edges)
    assert mask().penalty(decisions) is None


def test_a_penalty_on_overlap_parts_the_masks(generator):
    view = mask(num_masks=2, diversity=1.0)
    x = images(16)
    optimizer = torch.optim.Adam(view.parameters(), 1e-2)
    overlaps = []
    for _ in range(25):
        penalty = view.penalty([view.observe(x, view.sample(x, generator))[1][""]])
        overlaps.append(penalty.item())
        optimizer.zero_grad()
        penalty.backward()
        optimizer.step()
    assert overlaps[-1] < 0.5 * overlaps[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0.0}, r"0\.0"),
        ({"budget": 0.95}, "at most 0.9"),
        ({"num_masks": 0}, "num_masks is 0"),
        ({"fill": "gray"}, "'gray'"),
        ({"diversity": -1.0}, "diversity is -1"),
        ({"sharpness": 0.0}, "sharpness is 0"),
        ({"channels": None}, "channels"),
        ({"width": 0}, "width"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        mask(**arguments)
