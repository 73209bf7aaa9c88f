"""Training of many runs as one batch."""

import pytest
import torch

from theory import FeatureGroup, GroupModel, Optimization, Spectral, train
from theory.closed_forms.optimum import population_gradient
from theory.model.moments import moments
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler

MODEL = GroupModel([FeatureGroup("A", (3,) * 2), FeatureGroup("B", (1,) * 2)], noise_dims=2)


@pytest.mark.parametrize("population", [True, False])
def test_training_is_reproducible_and_seeds_are_apart(population):
    optimization = Optimization(20, population=population)
    double = {"dtype": torch.float64}
    first, again = (train(MODEL, Spectral(), 3, optimization, num_seeds=3, **double).weight for _ in "12")
    assert torch.equal(first, again)
    later = train(MODEL, Spectral(), 3, optimization, num_seeds=1, seed=2, **double).weight
    assert torch.allclose(first[:, 2:], later, atol=1e-9)
    assert not torch.allclose(first[:, 0], first[:, 1], atol=1e-2)


def test_rotating_the_input_rotates_the_trained_encoder():
    basis, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    turned = GroupModel(MODEL.groups, noise_dims=2, basis=basis)
    for population in (True, False):
        optimization = Optimization(20, "SGD", schedule="constant", population=population)
        plain = train(MODEL, Spectral(), 3, optimization, dtype=torch.float64).weight
        other = train(turned, Spectral(), 3, optimization, dtype=torch.float64).weight
        assert torch.allclose(plain @ basis.mT, other, atol=1e-9)


def test_sampled_spectral_gradient_is_unbiased():
    """The mean gradient over 400 batches is the population's, within 3 %."""

    model = MODEL.with_group("A", destroy=0.3)
    weight = 0.4 * torch.randn(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sampler = Sampler(model, 400, 256, dtype=torch.float64)
    x1, x2 = sampler.pairs(sampler.draw(), parameters_of(model))
    by_z1, by_z2 = Spectral().gradients(x1 @ weight.mT, x2 @ weight.mT)
    mean = (by_z1.mT @ x1 + by_z2.mT @ x2).mean((0, 1))
    exact = moments(model)
    expected = population_gradient(weight, exact.cross, exact.second)
    assert (mean - expected).norm() < 0.03 * expected.norm()


def test_divergence_says_what_to_do():
    with pytest.raises(FloatingPointError, match="try a smaller lr"):
        train(MODEL, Spectral(), 3, Optimization(200, "SGD", 10.0, "constant", population=True))


def test_history_begins_at_the_start_and_ends_at_the_end():
    trained = train(MODEL, Spectral(), 2, Optimization(20), record_every=10)
    assert trained.steps == (0, 10, 20) and trained.history.shape == (3, 1, 1, 2, 6)
    assert torch.equal(trained.history[-1], trained.weight)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_steps": -1}, "num_steps must be at least 0, not -1"),
        ({"optimizer": "LBFGS"}, "optimizer must be Adam or SGD, not 'LBFGS'"),
        ({"schedule": "linear"}, "schedule must be cosine or constant, not 'linear'"),
    ],
)
def test_invalid_settings_say_why(settings, message):
    with pytest.raises(ValueError, match=message):
        Optimization(**settings)


@pytest.mark.parametrize(
    "optimization", [Optimization(30, lr=0.1), Optimization(30, "SGD", 0.1, "constant")], ids=["Adam", "SGD"]
)
def test_stacked_runs_are_stepped_as_each_would_be_alone(optimization):
    goal = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def descend(goal: torch.Tensor) -> torch.Tensor:
        weight = torch.zeros_like(goal)
        optimizer, scheduler = optimization.start(weight)
        for _ in range(optimization.num_steps):
            weight.grad = 2 * (weight - goal)
            optimizer.step()
            scheduler.step()
        return weight

    alone = torch.stack([descend(one) for one in goal.flatten(0, 1)]).reshape(goal.shape)
    assert torch.allclose(descend(goal), alone, rtol=1e-12)
    assert not torch.allclose(alone, torch.zeros_like(goal), atol=0.01)
