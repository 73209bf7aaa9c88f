"""What every method shares: rendering views behind the reversal, and reporting what learned entries did."""

import pytest
import torch

from viewlearn.methods import Method
from viewlearn.views import reverse_gradient


class Sum(Method):
    """The least method: the sum of the features of one view."""

    def forward(self, batch, generator, player="both"):
        x, metrics = self.view(batch.x, generator, player)
        return self.encoder(x).sum(), metrics


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
    view, metrics = fixed.view(toys.batch().x, generator, "both")
    assert not view.requires_grad
    assert metrics == {}


def test_the_distortion_of_each_learned_entry_is_its_own(toys, learned, generator):
    x = toys.batch().x
    params = learned.views.sample(x, generator)
    view, metrics = learned.render(x, params, "both")
    shifted = learned.views["shift"].transform(x, params["shift"])  # what the learned entry was given
    delta = (view - shifted).abs()
    assert set(metrics) == {"push/mean", "push/max"}
    torch.testing.assert_close(metrics["push/mean"], delta.mean().detach())
    torch.testing.assert_close(metrics["push/max"], delta.max().detach())
    assert not any(value.requires_grad for value in metrics.values())


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
