"""Views with an objective of their own: NeuTraL's, and LooC's, against gradients taken one by one."""

import math

import pytest
import torch

from viewlearn.losses import neutral_loss
from viewlearn.methods import LooC, SimCLR
from viewlearn.views import Compose


def test_neutral_loss_equals_a_loop(generator):
    z, z1, z2 = (torch.randn(5, 4, generator=generator) for _ in range(3))

    def h(a, b):
        return math.exp(float(torch.cosine_similarity(a, b, dim=0)) / 0.5)

    rows = zip(z, z1, z2, strict=True)
    losses = [-sum(math.log(h(a, v) / (h(a, v) + h(b, c))) for v in (b, c)) for a, b, c in rows]
    assert float(neutral_loss(z, z1, z2, 0.5)) == pytest.approx(sum(losses) / 5, rel=1e-5)
    assert float(neutral_loss(z, z, z, 0.07)) == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize("player", ["both", "adversary"])
def test_neutral_views_decrease_their_own_loss_and_the_encoder_its_own(toys, generator, player):
    method = SimCLR(toys.Linear(), Compose(push=toys.Push()), temperature=0.5, dim=4, game="neutral").double()
    batch = toys.batch()
    x = batch.x.double()
    state = generator.get_state()
    loss, _ = method(type(batch)(x, {}, batch.index), generator, player)
    loss.backward()
    scale, weight = method.views["push"].scale.grad.clone(), method.encoder.layer.weight.grad.clone()
    method.zero_grad()
    generator.set_state(state)
    params = [method.views.sample(x, generator) for _ in range(2)]
    z1, z2 = (method.head(method.encoder(method.views.transform(x, each))) for each in params)
    objective = neutral_loss(method.head(method.encoder(x)).detach(), z1, z2, 0.5)
    torch.testing.assert_close(
        scale, torch.autograd.grad(objective, method.views["push"].scale)[0], rtol=1e-5, atol=1e-7
    )
    method.zero_grad()
    generator.set_state(state)
    plain, _ = method(type(batch)(x, {}, batch.index), generator, "learner")
    plain.backward()
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(weight, method.encoder.layer.weight.grad)


def test_an_unknown_game_is_named(toys):
    with pytest.raises(ValueError, match="'cooperative'"):
        SimCLR(toys.Linear(), toys.views, game="cooperative")


@pytest.mark.parametrize("factors", ["push,roll", "push,second", "roll,second"])
def test_a_learned_factor_plays_against_the_spaces_that_are_to_ignore_it(toys, generator, factors):
    views = Compose(push=toys.Push(), roll=toys.Roll(), second=toys.Push())
    method = LooC(toys.Linear(), views, factors, negatives="batch", head="linear", dim=4, redraw=False).double()
    batch = toys.batch()
    batch = type(batch)(batch.x.double(), {}, batch.index)
    state = generator.get_state()
    loss, metrics = method(batch, generator)
    loss.backward()
    found = {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}
    assert loss.item() == pytest.approx(sum(float(metrics[f"loss/{s}"]) for s in method.spaces) / 3)
    for name in ("push", "second"):
        against = [i for i, space in enumerate(method.spaces) if space != name]
        expected = -space_gradient(method, batch, generator.set_state(state), against, name)
        torch.testing.assert_close(found[f"views.entries.{name}.scale"], expected, rtol=1e-5, atol=1e-8)
    method.zero_grad()
    method(batch, generator.set_state(state), "learner")[0].backward()
    torch.testing.assert_close(found["encoder.layer.weight"], method.encoder.layer.weight.grad)


def space_gradient(method, batch, generator, spaces, name):
    """The gradient of the mean loss of some spaces in one view, with everything else as in ``LooC.forward``."""
    from viewlearn.losses import looc_loss

    query_params, key_params = method.draws.sample(batch.x, generator)
    with torch.no_grad():
        keys = [method._encode_keys(method.views.transform(batch.x, params), generator) for params in key_params]
    query = method.project(method.encoder(method.views.transform(batch.x, query_params)))
    keys = torch.stack(keys).permute(2, 0, 1, 3)  # space, view, batch, dim
    losses = looc_loss(query.unbind(1), keys.unbind(0), None, method.temperature)
    return torch.autograd.grad(losses[spaces].mean(), method.views[name].scale)[0]
