"""What every method shares: rendering views behind the reversal, and reporting what learned entries did."""

import pytest
import torch

from viewlearn.methods import Method
from viewlearn.views import RandomApply, reverse_gradient


class Sum(Method):
    """The least method: the sum of the features of one view."""

    def forward(self, batch, generator, player="both"):
        x, decisions = self.view(batch.x, generator, player)
        return self.settle(self.encoder(x).sum(), {}, decisions)


@pytest.fixture
def learned(toys) -> Sum:
    return Sum(toys.Linear(), toys.Compose(shift=toys.Shift(), push=toys.Push()))


@pytest.fixture
def fixed(toys) -> Sum:
    return Sum(toys.Linear(), toys.views)


def test_needs_a_forward(toys):
    with pytest.raises(TypeError, match="abstract"):
        Method(toys.Linear(), toys.views)


def test_adversarial_is_who_learns(learned, fixed):
    assert learned.adversarial
    assert not fixed.adversarial
    learned.views.requires_grad_(False)
    assert not learned.adversarial


@pytest.mark.parametrize("player", ["both", "learner", "adversary"])
def test_the_player_changes_gradients_and_not_values(toys, learned, generator, player):
    x = toys.batch().x
    params = learned.views.sample(x, generator)
    view, _ = learned.render(x, params, player)
    torch.testing.assert_close(view, learned.views.transform(x, params))
    assert view.requires_grad == (player != "learner")


def test_learned_views_are_behind_a_reversal(toys, learned, generator):
    x = toys.batch().x
    params = learned.views.sample(x, generator)
    direction = torch.randn(8, 6)
    (learned.render(x, params, "both")[0] * direction).sum().backward()
    reversed_gradient = learned.views["push"].scale.grad.clone()
    learned.zero_grad()
    (learned.views.transform(x, params) * direction).sum().backward()
    torch.testing.assert_close(reversed_gradient, -learned.views["push"].scale.grad)


def test_fixed_views_have_no_graph(toys, fixed, generator):
    view, decisions = fixed.view(toys.batch().x, generator, "both")
    assert not view.requires_grad
    assert decisions == {}


def test_each_learned_view_is_measured_on_its_own_input(toys, learned, generator):
    x = toys.batch().x
    params = learned.views.sample(x, generator)
    view, decisions = learned.render(x, params, "both")
    shifted = learned.views["shift"].transform(x, params["shift"])  # what the learned entry was given
    _, metrics = learned.settle(view.sum(), {"own": torch.ones(())}, decisions)
    assert set(metrics) == {"own", "push/largest"}
    torch.testing.assert_close(metrics["push/largest"], (view - shifted).abs().max().detach())
    assert not any(value.requires_grad for value in metrics.values())


def test_views_within_views_are_found_by_their_paths(toys, generator):
    nested = toys.Compose(outer=toys.Compose(push=toys.Push()), some=RandomApply(toys.Push(), 0.5))
    method = Sum(toys.Linear(), nested)
    x = toys.batch().x
    params = nested.sample(x, generator)
    view, decisions = method.render(x, params, "both")
    assert set(decisions) == {"outer.push", "some"}
    assert len(decisions["outer.push"].x) == len(x)
    hit = params["some"]["applied"]
    assert torch.equal(decisions["some"].view, view[hit])
    torch.testing.assert_close(view, nested.transform(x, params))
    params["some"]["applied"][:] = False
    view, decisions = method.render(x, params, "both")
    torch.testing.assert_close(view, decisions["outer.push"].view)
    assert len(decisions["some"].x) == 1  # reported, and not applied


def test_a_penalty_is_the_views_alone(toys, learned, generator):
    """Its gradient reaches the views with its own sign, the loss theirs reversed; the value stays the loss."""
    learned.views["push"].weight_of_penalty = 3.0
    x = toys.batch().x
    params = learned.views.sample(x, generator)
    view, decisions = learned.render(x, params, "both")
    loss = learned.encoder(view).sum()
    settled, metrics = learned.settle(loss, {}, decisions, decisions)
    torch.testing.assert_close(settled, loss)
    torch.testing.assert_close(metrics["push/penalty"], 2 * 3.0 * learned.views["push"].scale.square().sum().detach())
    settled.backward()
    found = learned.views["push"].scale.grad.clone(), learned.encoder.layer.weight.grad.clone()
    learned.zero_grad()
    learned.encoder(learned.views.transform(x, params)).sum().backward()
    torch.testing.assert_close(found[0], -learned.views["push"].scale.grad + 12 * learned.views["push"].scale.detach())
    torch.testing.assert_close(found[1], learned.encoder.layer.weight.grad)


def test_a_draw_is_the_generators(toys, learned):
    first, second, other = (
        learned.view(toys.batch().x, torch.Generator().manual_seed(s), "both")[0] for s in (3, 3, 4)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_nothing_happens_in_update_unless_a_method_says_so(learned):
    before = {name: value.clone() for name, value in learned.state_dict().items()}
    learned.update()
    assert all(torch.equal(value, before[name]) for name, value in learned.state_dict().items())


def test_reversal_twice_is_none():
    x = torch.rand(3, requires_grad=True)
    reverse_gradient(reverse_gradient(x)).sum().backward()
    torch.testing.assert_close(x.grad, torch.ones(3))
