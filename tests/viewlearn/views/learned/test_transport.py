"""Draws that a network tilts: any designed view's, within a budget, to the Gibbs distribution where it is known."""

import math

import pytest
import torch

from viewlearn.views import Compose, LearnedMask, RandomApply, Tilted, View, draw, select
from viewlearn.views.learned.steps import divergences, tilted_steps, transported
from viewlearn.views.learned.tilt import kl_to_uniform
from viewlearn.views.tape import Tape
from vision import SimCLRViews


class Roll(View):
    """Rolls images by 0, 1, 2 or 3 columns."""

    def sample(self, x, generator=None):
        return {"places": draw.integers(x, 0, 4, generator)}

    def transform(self, x, params):
        columns = (torch.arange(x.shape[3]) + params["places"].unsqueeze(1)) % x.shape[3]
        return x.gather(3, columns[:, None, None].expand_as(x))


class Fade(View):
    """Scales images by a number, uniform in [0, 1), and shifts them by a normal one."""

    def sample(self, x, generator=None):
        return {"scale": draw.uniform(x, 0.0, 1.0, generator), "shift": draw.normal(x, generator)}

    def transform(self, x, params):
        return x * params["scale"].view(-1, 1, 1, 1) + params["shift"].view(-1, 1, 1, 1)


class Own(View):
    """Draws by itself, and not by the functions for it."""

    def sample(self, x, generator=None):
        return {"scale": torch.rand(len(x), generator=generator)}

    def transform(self, x, params):
        return x * params["scale"].view(-1, 1, 1, 1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tilted(view, budget=0.3, **kwargs):
    torch.manual_seed(0)
    return Tilted(view, budget, play="network", width=4, channels=3, size=(8, 8), **kwargs)


X = torch.rand(6, 3, 8, 8, generator=seeded(1))


def test_what_a_view_draws_is_a_function_of_the_numbers_that_were_recorded():
    views = SimCLRViews(8)
    tape = Tape(seeded(3))
    params = views.sample(X, tape)
    again = views.sample(X, Tape(numbers=tape.numbers))
    assert views.same(params, again).all()
    plain = views.sample(X, seeded(3))  # what is uniform or an event is drawn as without a tape
    assert torch.equal(params["crop"]["box"], plain["crop"]["box"])
    assert torch.equal(params["color"]["view"]["hue"], plain["color"]["view"]["hue"])
    cells = [draw.cells for draw in tape.draws]
    assert cells[3] == (0.5, 0.5) and cells[4] == pytest.approx((0.8, 0.2))
    assert [draw.num_told for draw in tape.draws[:4]] == [1, 1, 2, 1]


def test_no_budget_is_the_designed_view():
    views = SimCLRViews(8)
    torch.testing.assert_close(tilted(views, 0.0)(X, seeded(3)), views(X, seeded(3)))


@pytest.mark.parametrize("budget", [0.05, 0.3, 1.5])
def test_the_divergence_is_as_given_and_has_the_gradient_of_the_exact_law(budget):
    chances = torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.8, 0.0], [0.3, 0.3, 0.4]], dtype=torch.float64)
    scores = torch.randn(5, 3, 3, generator=seeded(), dtype=torch.float64, requires_grad=True)
    kappa = torch.tensor(budget, dtype=torch.float64)
    weight = torch.randn(3, 3, generator=seeded(2), dtype=torch.float64)

    def value(scores):
        return (tilted_steps(chances.log(), scores, kappa).exp() * weight).sum()

    log_q = tilted_steps(chances.log(), scores, kappa)
    torch.testing.assert_close(log_q.exp().sum(2), torch.ones(5, 3, dtype=torch.float64))
    found = divergences(log_q, chances.log()).sum(1)
    torch.testing.assert_close(found, kappa.expand(5), rtol=1e-5, atol=0)
    ratio = (log_q - chances.log())[:, 0, 0] - (log_q - chances.log())[:, 0, 1]
    slope = ratio / (scores[:, 0, 0] - scores[:, 0, 1])
    other = (log_q - chances.log())[:, 2, 0] - (log_q - chances.log())[:, 2, 2]
    torch.testing.assert_close(other / (scores[:, 2, 0] - scores[:, 2, 2]), slope)  # one λ for all numbers
    (gradient,) = torch.autograd.grad(value(scores), scores)
    step = 1e-5 * gradient / gradient.norm()
    with torch.no_grad():
        difference = (value(scores + step) - value(scores - step)) / 2e-5
    torch.testing.assert_close(difference, gradient.norm(), rtol=1e-4, atol=0)


def test_transport_has_the_law_of_the_cells_and_moves_nothing_without_a_tilt():
    chances = torch.tensor([[0.25] * 4, [0.7, 0.3, 0.0, 0.0]])
    q = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.0, 0.0]])
    unit = torch.rand(40_000, 2, generator=seeded())
    discrete = torch.tensor([False, True])
    moved, cell = transported(unit, q.log().expand(len(unit), -1, -1), chances.log(), discrete)
    for number in range(2):
        share = torch.bincount(cell[:, number], minlength=4) / len(unit)
        torch.testing.assert_close(share, q[number], rtol=0, atol=0.01)
    assert torch.equal(cell[:, 0], (moved[:, 0] * 4).long()) and torch.equal(cell[:, 1] == 0, moved[:, 1] < 0.7)
    same, _ = transported(unit, chances.log().expand(len(unit), -1, -1), chances.log(), discrete)
    torch.testing.assert_close(same[:, 0], unit[:, 0], rtol=0, atol=1e-6)


def test_the_budget_holds_by_an_independent_estimate():
    """By histograms of the parameters that were drawn for each of three images, which are independent here."""
    x = X[:3].repeat_interleave(12_000, 0)
    view = tilted(Fade(), 0.4)
    drawn = view.resolve(x, view.sample(x, seeded()))["view"]
    numbers = (drawn["scale"], torch.special.ndtr(drawn["shift"]))
    found = []
    for k in range(3):
        rows = slice(12_000 * k, 12_000 * (k + 1))
        density = [torch.histc(number[rows], 32, 0.0, 1.0) * 32 / 12_000 for number in numbers]
        found.append(sum(float(torch.special.xlogy(each, each).mean()) - 31 / 24_000 for each in density))
    assert sum(found) / 3 == pytest.approx(0.4, rel=0.1)


def test_learns_from_gradients_where_there_are_and_from_losses_where_there_are_none():
    view = tilted(Compose(fade=RandomApply(Fade(), 0.5), roll=Roll()))
    assert view.transport.blind.tolist() == [True, False, False, True]
    assert view.transport.names == ["fade", "roll"]
    _, decisions = view.observe(X, view.sample(X, seeded()))
    measured = view.measure(decisions[""])
    assert measured["kl"] == pytest.approx(0.3, rel=1e-3)
    assert measured["kl/fade"] + measured["kl/roll"] == pytest.approx(0.3, rel=1e-3)
    by_hand = decisions[""].resolved["chosen"]
    losses = torch.randn(6, generator=seeded(4))
    baseline = (losses.sum() - losses) / 5
    expected = -((losses - baseline) * by_hand).mean()
    torch.testing.assert_close(view.through_choices([decisions[""]], losses), expected)


def gibbs(losses, budget):
    """The distribution p e^(ℓ/λ) / Z of this divergence from the uniform p."""
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        q = torch.softmax(losses * math.exp(middle) / losses.std(), 0)
        low, high = (middle, high) if float(kl_to_uniform(q[None])) < budget else (low, middle)
    return q


@pytest.mark.parametrize("toward", ["hard", "easy"])
def test_reaches_the_gibbs_distribution_of_a_linear_encoder_by_choices(toward):
    """Rolls of one image, whose loss is minus a linear encoder's agreement with the image as it is."""
    x = torch.randn(1, 3, 1, 4, generator=seeded(4)).expand(-1, -1, 8, -1)
    weight = torch.randn(5, 12, generator=seeded(5))
    codes = [weight @ x[:, :, 0].roll(-k, 2).flatten() for k in range(4)]
    losses = torch.stack([-codes[0] @ code for code in codes]) / 10
    view = tilted(Roll(), 0.3, toward=toward)
    optimizer = torch.optim.Adam(view.parameters(), lr=0.01)
    many, generator = x.expand(128, -1, -1, -1), seeded()
    for step in range(60):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 60)
        _, decisions = view.observe(many, view.sample(many, generator))
        of_samples = losses[decisions[""].resolved["view"]["places"]]
        optimizer.zero_grad()
        view.through_choices([decisions[""]], of_samples).backward()
        optimizer.step()
    with torch.no_grad():
        places = view.resolve(many, view.sample(many, generator))
    log_q = _law(view, x)[0, 0]
    wanted = gibbs(losses if toward == "hard" else -losses, 0.3)
    torch.testing.assert_close(log_q.exp(), wanted, rtol=0, atol=0.03)
    assert places["kl"].sum(1).mean() == pytest.approx(0.3, rel=1e-3)


def test_reaches_the_gibbs_distribution_by_gradients():
    """Of a number whose loss has a gradient in it: q ∝ exp(mean loss of the cell / λ)."""
    view = tilted(Fade(), 0.3)
    x = X[:1]
    cells = (torch.arange(8) + 0.5) / 8
    wanted = gibbs((2 * math.pi * cells).sin() * math.sin(math.pi / 8) * 8 / math.pi, 0.3)
    optimizer = torch.optim.Adam(view.parameters(), lr=0.01)
    many, generator = x.expand(128, -1, -1, -1), seeded()
    for step in range(50):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 50)
        scale = view.resolve(many, view.sample(many, generator))["view"]["scale"]
        optimizer.zero_grad()
        (-(2 * math.pi * scale).sin().mean()).backward()
        optimizer.step()
    log_q = _law(view, x)[0]
    torch.testing.assert_close(log_q[0].exp(), wanted, rtol=0, atol=0.03)
    torch.testing.assert_close(log_q[1].exp(), torch.full((8,), 1 / 8), rtol=0, atol=0.03)  # what doesn't matter


def _law(view, x):
    transport = view.transport
    with torch.no_grad():
        scores = transport.network(x, None)[1].unflatten(1, transport.log_chances.shape)
        sign = 1 if view.toward == "hard" else -1
        return tilted_steps(transport.log_chances, sign * scores, torch.tensor(view.budget))


def test_replays_and_rows_are_independent():
    view = tilted(SimCLRViews(8)).double()
    x = X.double()
    params = view.sample(x, seeded(5))
    whole = view.transform(x, params)
    assert torch.equal(whole, view.transform(x, params))
    for i in range(6):
        row = view.transform(x[i : i + 1], select(params, slice(i, i + 1)))
        torch.testing.assert_close(row, whole[i : i + 1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tilted(Own()), "draws by itself"),
        (lambda: tilted(Compose()), "nothing that could be tilted"),
        (lambda: tilted(Roll(), 1.4), r"\[0, 1\.386\)"),
        (lambda: tilted(Roll(), math.inf), "inf"),
        (lambda: Tilted(Roll(), play="network"), "needs channels and size"),
        (lambda: tilted(Compose(mask=LearnedMask(channels=3, width=4))), "learns"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
