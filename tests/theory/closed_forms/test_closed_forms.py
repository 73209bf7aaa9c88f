"""Water-filling, learning times, best responses and finite negatives."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from theory import (
    FeatureGroup,
    GroupModel,
    InfoNCE,
    Spectral,
    additive_response,
    attack_channel,
    destroy_response,
    escape_rate,
    gradient_flow,
    learning_times,
    mean_field,
    moments,
    sphere_loss,
    sphere_optimum,
    sphere_threshold,
    starved_growth,
)
from theory.closed_forms.water_filling import critical_temperature, water_fill
from theory.measures.embedding import positive_probability
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0])
def test_water_filling_minimizes_the_mean_field_loss(temperature):
    correlation = torch.tensor([0.9, 0.9, 0.6, 0.3, 0.1], dtype=torch.float64)
    shares, level = water_fill(correlation, temperature)
    assert shares.sum().item() == pytest.approx(1) and (shares >= 0).all()
    assert torch.allclose(shares, temperature * (correlation - level).clamp_min(0))

    def loss(e):
        return -e @ correlation / temperature + e.square().sum() / (2 * temperature**2)

    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        other = -torch.rand(5, generator=generator, dtype=torch.float64).log()
        mixed = 0.9 * shares + 0.1 * other / other.sum()
        assert loss(mixed) >= loss(shares) - 1e-12


def test_mean_field_critical_temperature():
    model = GroupModel([FeatureGroup("A", (6,) * 4), FeatureGroup("B", (1,) * 4)])
    critical = critical_temperature(model, "B")
    assert critical == pytest.approx(1 / (4 * (36 / 37 - 0.5)))
    assert mean_field(model, critical * 1.001).share("B") == 0
    assert mean_field(model, critical * 0.99).share("B") > 0
    assert critical_temperature(model, "A") == math.inf
    assert mean_field(model, 0.1, dim=4).share("B") == 0


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
    with pytest.raises(ValueError, match="init is positive"):
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


def test_destroy_response_is_the_constrained_optimum():
    correlation, counts = torch.tensor([0.97, 0.8, 0.5, 0.2]), torch.tensor([1.0, 2, 1, 4])
    found = destroy_response(correlation, counts, 2.0).numpy()
    values, sizes = correlation.double().numpy(), counts.double().numpy()
    reference = minimize(
        lambda p: (sizes * (1 - p) ** 4 * values**2).sum(),
        np.full(4, 0.25),
        method="SLSQP",
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda p: (sizes * p).sum() - 2},
        options={"ftol": 1e-14, "maxiter": 500},
    ).x
    assert found == pytest.approx(reference, abs=2e-4)
    assert (np.diff(found) <= 0).all()  # the most invariant are destroyed first
    assert (sizes * found).sum() == pytest.approx(2)
    with pytest.raises(ValueError, match="between 0 and the 8 correlated"):
        destroy_response(correlation, counts, 9)


def test_no_linear_attack_beats_the_channel():
    """For one direction: gain g and noise b with (1 − g)² S + b² = c never leave less than λ (1 − c/S)."""
    second, cross, budget = 2.0, 1.4, 0.8
    gain, noise = attack_channel(torch.tensor(second), torch.tensor(budget))
    left = gain**2 * cross / (gain**2 * second + noise)
    assert left.item() == pytest.approx(cross / second * (1 - budget / second), rel=1e-6)
    gains = np.linspace(1 - (budget / second) ** 0.5, 1, 2001)
    remaining = gains**2 * cross / (gains**2 * second + budget - (1 - gains) ** 2 * second)
    assert remaining.min() >= left.item() - 1e-6


def test_additive_response_is_the_constrained_optimum():
    second = torch.tensor([10.0, 2.0, 1.5, 1.0], dtype=torch.float64)
    cross = torch.tensor([9.0, 1.0, 0.5, 0.0], dtype=torch.float64)
    found = additive_response(second, cross, 1.5).numpy()
    s, lam = second.numpy(), (cross / second).numpy()
    reference = minimize(
        lambda c: (lam**2 * (1 - c / s) ** 2).sum(),
        np.full(4, 0.3),
        method="SLSQP",
        bounds=[(0, v) for v in s],
        constraints={"type": "eq", "fun": lambda c: c.sum() - 1.5},
        options={"ftol": 1e-14, "maxiter": 500},
    ).x
    assert (lam**2 * (1 - found / s) ** 2).sum() == pytest.approx((lam**2 * (1 - reference / s) ** 2).sum(), abs=1e-7)
    assert found == pytest.approx(reference, abs=2e-3)
    assert found[1] / s[1] > found[0] / s[0]  # the weaker direction loses more, though it is less invariant
    with pytest.raises(ValueError, match=r"correlated variance 13\.5"):
        additive_response(second, cross, 14)


@pytest.mark.parametrize(("temperature", "threshold"), [(0.07, 3.6e-5), (0.2, 0.079), (0.5, 0.099)])
def test_sphere_threshold_is_where_the_loss_turns(temperature, threshold):
    found = sphere_threshold(temperature, 510, 10)
    assert found == pytest.approx(threshold, rel=0.02)
    for factor, sign in ((0.99, 1), (1.01, -1)):
        slope = sphere_loss(1e-6, temperature, 510, 10, found * factor) - sphere_loss(
            0, temperature, 510, 10, found * factor
        )
        assert np.sign(slope) == sign


def test_sphere_optimum_values():
    assert sphere_optimum(0.2, 510, 10, 0.05) == pytest.approx(0, abs=1e-6)
    assert sphere_optimum(0.2, 510, 10, 0.2) == pytest.approx(0.21, abs=0.01)
    assert sphere_optimum(0.5, 510, 10, 0.36) == pytest.approx(0.81, abs=0.01)
    with pytest.raises(ValueError, match="num_classes"):
        sphere_optimum(0.5, 510, 1, 0.36)
