"""Learning times, escape from saddles and growth with few negatives."""

import math

import numpy as np
import pytest
import torch

from theory import (
    FeatureGroup,
    GroupModel,
    InfoNCE,
    Spectral,
    escape_rate,
    gradient_flow,
    learning_times,
    moments,
    starved_growth,
)
from theory.measures.embedding import positive_probability
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler


def test_learning_times_are_those_of_gradient_flow():
    model = GroupModel([FeatureGroup("A", (3.0,), 0.3), FeatureGroup("B", (1.0,)), FeatureGroup("C", (0.8,))])
    expected = learning_times(model, init=1e-2)
    times = torch.linspace(0.02, 2.5, 400, dtype=torch.float64)
    path = gradient_flow(model, Spectral(), 1e-2 * torch.eye(3, dtype=torch.float64), times)
    squares = path.diagonal(dim1=-2, dim2=-1).square()
    assert torch.allclose(squares, expected.at(times), rtol=1e-4, atol=1e-7)
    for direction in range(3):
        half = np.interp(expected.final[direction] / 2, squares[:, direction], times)
        assert half == pytest.approx(expected.half[direction].item(), rel=0.01)
    assert expected.half[0] < expected.half[1] < expected.half[2]
    with pytest.raises(ValueError, match="init must be positive"):
        learning_times(model, init=3.0)


@pytest.mark.parametrize("initial", [1e-2, 1e-4])
def test_escape_from_the_saddle_of_the_strong_direction(initial):
    """A small weight on the more invariant direction grows exponentially at the formula's rate."""
    model = GroupModel([FeatureGroup("A", (4.0,), destroy=0.5), FeatureGroup("B", (1.0,))])
    rate = escape_rate(model, held=0, waiting=1)
    assert rate > 0
    exact = moments(model)
    start = torch.tensor([[math.sqrt(exact.cross[0]) / exact.second[0], initial]], dtype=torch.float64)
    times = torch.tensor([0.2, 0.4], dtype=torch.float64)
    path = gradient_flow(model, Spectral(), start, times)
    growth = torch.log(path[1, 0, 1] / path[0, 0, 1]) / 0.2
    assert growth.item() == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("num", [2, 32, 512])
@pytest.mark.parametrize("destroy", [0.0, 0.3])
def test_starved_growth_is_the_gradient_on_a_small_weight(num, destroy):
    model = GroupModel([FeatureGroup("A", (4,) * 3, destroy=destroy), FeatureGroup("B", (1.0,))])
    repeats = max(100, 40_000 // num)
    sampler = Sampler(model, repeats, num, dtype=torch.float64)
    small = torch.tensor(1e-3, dtype=torch.float64, requires_grad=True)
    strong = torch.full((3,), 0.6, dtype=torch.float64)
    small = small.expand(repeats, 1, 1).clone()  # one run per batch, each with a weight of its own
    x1, x2 = (x[0] for x in sampler.pairs(sampler.draw(), parameters_of(model)))
    weight = torch.cat([strong.expand(repeats, 1, 3), small], -1)
    loss = InfoNCE(similarity="dot")(x1 * weight, x2 * weight)
    rates = -torch.autograd.grad(loss.sum(), small)[0].flatten() / 1e-3
    probability = positive_probability(x1[..., :3] * strong, x2[..., :3] * strong).mean().item()
    expected = starved_growth(model, "B", probability)
    assert rates.mean().item() == pytest.approx(expected, abs=4 * rates.std().item() / repeats**0.5)
    assert rates.std().item() / repeats**0.5 < 0.03 * expected + 0.01
