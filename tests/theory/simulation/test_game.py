import numpy as np
import pytest
import torch

from theory.closed_forms.best_response import additive_response, attack_channel
from theory.demos.adversary import MODEL
from theory.model.moments import moments
from theory.simulation.adversaries import AdditiveAdversary, DestroyAdversary
from theory.simulation.game import play


@pytest.mark.parametrize("updates", ["simultaneous", "alternating", "best-response"])
def test_with_room_for_all_the_game_finds_the_closed_form(updates):
    adversary = DestroyAdversary(MODEL, 2.0)
    game = play(adversary, dim=6, updates=updates, num_steps=400)
    assert torch.allclose(game.spent[-1], adversary.best_response(), atol=2e-3)
    assert game.cycling() < 0.02
    remaining = game.correlation[-1, ::2]
    assert remaining.max() - remaining.min() < 0.5 * (0.973 - 0.5)  # what is left is leveled


def test_in_a_bottleneck_it_cycles_around_the_leveled_policy():
    adversary = DestroyAdversary(MODEL, 2.0)
    games = {s: play(adversary, dim=2, updates=s, num_steps=800) for s in ("simultaneous", "alternating")}
    best = play(adversary, dim=2, updates="best-response", num_steps=800)
    assert games["simultaneous"].cycling() > 0.1 and games["alternating"].cycling() > 0.1
    for game in games.values():
        assert torch.allclose(game.spent[-500:].mean(0), best.spent[-500:].mean(0), atol=0.05)
    correlation = best.correlation[-200:, ::2].mean(0)
    assert correlation.max() - correlation.min() < 0.03  # all leveled: the encoder is indifferent


@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
def test_an_additive_adversary_finds_the_reverse_water_filling(updates):
    adversary = AdditiveAdversary(MODEL, 3.0)
    game = play(adversary, dim=6, updates=updates, num_steps=1000)
    assert torch.allclose(game.spent[-1], adversary.best_response(), atol=0.03)
    gain, noise = attack_channel(adversary.second, adversary.best_response())
    second, cross = adversary.moments(torch.stack([1 - gain, noise.sqrt()]))
    least = -(cross / second).square().sum()
    assert game.loss[-1].item() == pytest.approx(least.item(), abs=2e-3)
    assert game.loss[-1] < least + 1e-6  # the adversary maximizes: nothing does better than the closed form


def test_no_dense_linear_attack_does_better_than_a_diagonal_one():
    """Gradient ascent over full matrices, δ = A x + B n, within the same L2 budget, ends at the closed form."""
    model, budget = MODEL, 3.0
    second, cross = (torch.diag(v) for v in (moments(model).second, moments(model).cross))
    distortion = additive_response(second.diagonal(), cross.diagonal(), budget)
    closed = -((cross / second.clamp_min(1e-9)).diagonal() * (1 - distortion / second.diagonal())).square().sum()
    generator = torch.Generator().manual_seed(0)
    parts = [0.3 * torch.randn(6, 6, generator=generator, dtype=torch.float64) for _ in "AB"]
    parts = [part.requires_grad_() for part in parts]
    optimizer = torch.optim.Adam(parts, lr=0.02)
    for step in range(1500):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 1500)
        a, b = parts
        scale = (budget / ((a @ second @ a.mT).trace() + b.square().sum())).sqrt()
        gain, noise = torch.eye(6) + scale * a, scale * b
        seen = gain @ second @ gain.mT + noise @ noise.mT
        whitened = torch.linalg.solve(seen, gain @ cross @ gain.mT)  # S⁻¹C: similar to T
        loss = -(whitened @ whitened).trace()
        optimizer.zero_grad()
        (-loss).backward()
        optimizer.step()
    assert loss.item() <= closed.item() + 1e-6
    assert loss.item() == pytest.approx(closed.item(), abs=0.01)


def test_an_l1_budget_concentrates_on_one_group():
    game = play(AdditiveAdversary(MODEL, 3.0, "l1"), dim=6, num_steps=1000)
    spent = game.spent[-300:].mean(0).reshape(3, 2).sum(1)
    assert spent.argmax() == 1 and spent[1] / spent.sum() > 0.9
    assert spent.sum().item() == pytest.approx(3.0, rel=1e-6)
    with pytest.raises(ValueError, match="no closed-form"):
        AdditiveAdversary(MODEL, 3.0, "l1").best_response()


@pytest.mark.parametrize("budget", [0.5, 2.0, 5.5])
def test_projection_is_the_nearest_point_of_the_budget(budget):
    adversary = DestroyAdversary(MODEL, budget)
    generator = torch.Generator().manual_seed(0)
    points = [2 * torch.randn(3, generator=generator, dtype=torch.float64) for _ in range(20)]
    for point in (*points, points[0].abs() + 1, -points[0].abs() - 1):
        nearest = adversary.project(point)
        assert (adversary.counts * nearest).sum().item() == pytest.approx(budget)
        assert (nearest >= 0).all() and (nearest <= 1).all()
        for _ in range(20):
            other = adversary.project(nearest + 0.1 * torch.randn(3, generator=generator, dtype=torch.float64))
            assert (other - point).norm() >= (nearest - point).norm() - 1e-9


def test_invalid_games_say_why():
    with pytest.raises(ValueError, match="budget must be between 0 and the 6 directions, not 7"):
        DestroyAdversary(MODEL, 7)
    with pytest.raises(ValueError, match="budget must be positive"):
        AdditiveAdversary(MODEL, 0.0)
    with pytest.raises(ValueError, match="l1 or l2"):
        AdditiveAdversary(MODEL, 1.0, "max")
    with pytest.raises(ValueError, match="updates must be simultaneous"):
        play(DestroyAdversary(MODEL, 1.0), 2, updates="random")
    assert np.isfinite(play(DestroyAdversary(MODEL, 1.0), 2, num_steps=3).cycling())
