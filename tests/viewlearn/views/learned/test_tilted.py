"""A choice among draws: its two limits, the divergence of its law, and the Gibbs distribution where it is known."""

import math

import pytest
import torch

from viewlearn.views import Compose, Tilted, View, Viewmaker, draw, select
from viewlearn.views.learned.tilt import divergence_table, kl_to_uniform, largest_divergence, tilted_weights


class Shift(View):
    """Adds a number, uniform in [0, 1)."""

    def sample(self, x, generator=None):
        return {"shift": draw.uniform(x, 0.0, 1.0, generator), "nested": {"sign": draw.bernoulli(x, 0.5, generator)}}

    def transform(self, x, params):
        sign = torch.where(params["nested"]["sign"], 1.0, -1.0)
        return x + (sign * params["shift"]).view(-1, *[1] * (x.ndim - 1))


class Roll(View):
    """Rolls vectors by 0, 1, 2 or 3 places, uniformly."""

    def sample(self, x, generator=None):
        return {"places": draw.integers(x, 0, 4, generator)}

    def transform(self, x, params):
        return x.gather(1, (torch.arange(x.shape[1]) + params["places"].unsqueeze(1)) % x.shape[1])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


X = torch.rand(6, 3, 4, 4, generator=seeded(1))


def test_no_budget_is_the_designed_view_draw_for_draw():
    assert torch.equal(Tilted(Shift(), 0.0)(X, seeded(3)), Shift()(X, seeded(3)))


def test_without_scores_every_candidate_is_as_likely():
    x = torch.zeros(8000, 1)
    tilted = Tilted(Shift(), 0.5)
    resolved = tilted.resolve(x, tilted.sample(x, seeded()))
    assert torch.equal(resolved["weights"], torch.full((8000, 4), 0.25))
    assert torch.bincount(resolved["choice"]).float().div(8000) == pytest.approx([0.25] * 4, abs=0.02)


@pytest.mark.parametrize("toward", ["hard", "easy"])
def test_an_infinite_budget_is_the_hardest_of_all(toward):
    tilted = Tilted(Shift(), math.inf, toward=toward)
    params = tilted.sample(X, seeded())
    params["score"] = torch.randn(6, 4, generator=seeded(2))
    best = params["score"].argmax(1) if toward == "hard" else params["score"].argmin(1)
    assert torch.equal(tilted.resolve(X, params)["choice"], best)
    for i, k in enumerate(best):
        chosen = {"shift": params["candidates"]["shift"][i : i + 1, k]}
        chosen["nested"] = {"sign": params["candidates"]["nested"]["sign"][i : i + 1, k]}
        assert torch.equal(tilted.transform(X, params)[i : i + 1], Shift().transform(X[i : i + 1], chosen))


def test_replays_and_rows_are_independent():
    tilted = Tilted(Shift(), 0.2)
    params = tilted.sample(X, seeded(5))
    params["score"] = torch.randn(6, 4, generator=seeded(2))
    whole = tilted.transform(X, params)
    assert torch.equal(whole, tilted.transform(X, params))
    for i in range(6):
        assert torch.equal(tilted.transform(X[i : i + 1], select(params, slice(i, i + 1))), whole[i : i + 1])
    one = tilted.candidate(params, 2)
    assert torch.equal(one["candidates"]["shift"][:, 0], params["candidates"]["shift"][:, 2])
    assert torch.equal(tilted.resolve(X, one)["choice"], torch.zeros(6, dtype=torch.int64))


@pytest.mark.parametrize("divergence", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_weights_are_a_softmax_of_the_divergence_that_is_asked_for(divergence, scale):
    scores = scale * torch.randn(50, 8, generator=seeded(), dtype=torch.float64) + 7 * scale
    weights = tilted_weights(scores, divergence)
    torch.testing.assert_close(weights.sum(1), torch.ones(50).double())
    found = kl_to_uniform(weights).squeeze(1)
    torch.testing.assert_close(found, torch.full((50,), divergence).double(), rtol=1e-4, atol=1e-6)
    if divergence:
        slope = (weights[:, 1:].log() - weights[:, :1].log()) / (scores[:, 1:] - scores[:, :1])
        torch.testing.assert_close(slope, slope[:, :1].expand_as(slope), rtol=1e-4, atol=0)  # one temperature a row


def test_ties_share():
    weights = tilted_weights(torch.tensor([[1.0, 1.0, 1.0], [0.0, 2.0, 2.0], [1.0, 2.0, 3.0]]), math.inf)
    torch.testing.assert_close(weights[0], torch.full((3,), 1 / 3))
    torch.testing.assert_close(weights[1], torch.tensor([0.0, 0.5, 0.5]))
    torch.testing.assert_close(weights[2], torch.tensor([0.0, 0.0, 1.0]))


def test_the_hardest_of_k_diverges_as_the_closed_form_says():
    """Its quantile has the density K u^(K − 1)."""
    u = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    for k in (2, 4, 16):
        density = k * u ** (k - 1)
        assert float((density * density.log()).mean()) == pytest.approx(largest_divergence(k), rel=1e-4)
        of_weights, of_choice = divergence_table(k)
        assert of_choice[-1] == pytest.approx(largest_divergence(k)) and (of_choice <= of_weights + 1e-6).all()


LOSSES = {
    "uniform": lambda u: u,
    "normal": torch.special.ndtri,
    "exponential": lambda u: -(1 - u).log(),
    "left tail": lambda u: u.log(),
    "heavy": lambda u: torch.tan(3 * (u - 0.5)),
    "valley": lambda u: (u - 0.3).square(),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("num_candidates", "budget"), [(4, 0.3), (4, 0.1), (16, 0.8)])
def test_the_law_of_the_choice_has_the_budget(loss, num_candidates, budget):
    """By an independent estimate: a histogram of the parameter that was chosen, whatever the losses look like."""
    x = torch.zeros(30_000, 1)
    tilted = Tilted(Shift(), budget, num_candidates=num_candidates)
    params = tilted.sample(x, seeded())
    params["score"] = LOSSES[loss](params["candidates"]["shift"].clamp(1e-6, 1 - 1e-6))
    chosen = tilted.resolve(x, params)["view"]["shift"]
    density = torch.histc(chosen, 40, 0.0, 1.0) * 40 / len(x)
    found = float(torch.special.xlogy(density, density).mean()) - 39 / (2 * len(x))  # Miller and Madow's correction
    assert found == pytest.approx(budget, rel=0.1)


def test_reaches_the_gibbs_distribution_of_a_linear_encoder():
    """Rolls of one vector, whose loss is minus a linear encoder's agreement with the vector as it is."""
    x = torch.randn(8, generator=seeded(4))
    weight = torch.randn(5, 8, generator=seeded(5))
    losses = torch.stack([-(weight @ x) @ (weight @ x.roll(-k)) for k in range(4)])
    budget = 0.3
    low, high = -6.0, 6.0
    for _ in range(60):  # of 1/λ, with p e^(ℓ/λ) of this divergence from p
        middle = (low + high) / 2
        q = torch.softmax(losses * math.exp(middle) / losses.std(), 0)
        low, high = (middle, high) if float(kl_to_uniform(q[None])) < budget else (low, middle)
    tilted = Tilted(Roll(), budget, num_candidates=64)
    many = x.expand(6000, -1)
    params = tilted.sample(many, seeded())
    params["score"] = losses[params["candidates"]["places"]]
    found = torch.bincount(tilted.resolve(many, params)["view"]["places"], minlength=4).float() / len(many)
    torch.testing.assert_close(found, q, rtol=0, atol=0.03)


def test_the_same_choice_is_the_same_view():
    tilted = Tilted(Roll(), 0.2)
    x = torch.rand(400, 8, generator=seeded())
    a, b = tilted.sample(x, seeded(1)), tilted.sample(x, seeded(2))
    assert tilted.same(a, a).all()
    assert 0.15 < tilted.same(a, b).float().mean() < 0.35  # one roll in four is equal by chance


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tilted(Shift(), -0.1), r"-0\.1"),
        (lambda: Tilted(Shift(), 0.7), r"\[0, 0\.636\]"),
        (lambda: Tilted(Shift(), num_candidates=1), "num_candidates is 1"),
        (lambda: Tilted(Shift(), toward="simple"), "'simple'"),
        (lambda: Tilted(Shift(), scored_at="low"), "'low'"),
        (lambda: Tilted(Compose(v=Viewmaker(channels=3, width=4))), "learns"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
