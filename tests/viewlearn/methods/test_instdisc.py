import math

import pytest
import torch
from torch.nn import functional as F

from viewlearn.methods import InstDisc


def normalized(method, toys, seed=0):
    x = method.views(toys.batch().x, torch.Generator().manual_seed(seed))
    return F.normalize(method.head(method.encoder(x)), dim=1)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_all_negatives_are_the_full_softmax(toys, generator, temperature):
    method = InstDisc(toys.Linear(), toys.views, temperature, num_negatives=0, dim=4, num_train=20)
    logits = normalized(method, toys) @ method.bank.vectors.T / temperature
    loss, _ = method(toys.batch(), generator)
    torch.testing.assert_close(loss, F.cross_entropy(logits, torch.arange(8)))


@pytest.mark.parametrize("form", ["softmax", "viewmaker"])
def test_drawn_negatives(toys, generator, form):
    method = InstDisc(toys.Linear(), toys.views, 0.2, num_negatives=5, dim=4, num_train=20, loss=form)
    z = normalized(method, toys)
    loss, _ = method(toys.batch(), generator)
    replay = torch.Generator().manual_seed(0)
    method.views.sample(toys.batch().x, replay)
    negatives = method.bank.vectors[torch.randint(20, (5,), generator=replay)]
    positive = (z * method.bank.vectors[:8]).sum(1) / 0.2
    total = (z @ negatives.T / 0.2).exp().sum(1)
    expected = total + positive.exp() if form == "softmax" else total / 5
    torch.testing.assert_close(loss, (expected.log() - positive).mean())


def test_memories_follow_their_samples_after_the_step(toys, generator):
    method = InstDisc(toys.Linear(), toys.Compose(), num_negatives=4, dim=4, momentum=0.5, num_train=20)
    z, before = normalized(method, toys).detach(), method.bank.vectors.clone()
    method(toys.batch(), generator)
    assert torch.equal(method.bank.vectors, before)
    method.update()
    torch.testing.assert_close(method.bank.vectors[:8], F.normalize(before[:8] + z, dim=1))
    assert torch.equal(method.bank.vectors[8:], before[8:])


def test_samples_learn_to_find_their_memories(toys, generator):
    method = InstDisc(toys.Linear(), toys.Compose(), 0.2, num_negatives=0, num_train=80)
    losses = toys.steps(method, generator, 100, lr=0.5)
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_adversarial_form(toys, generator):
    """Learned views climb the loss against the memories; the adversary's turn writes none."""
    views = toys.Compose(push=toys.Push())
    method = InstDisc(toys.Linear(), views, 0.2, num_negatives=6, num_train=20, loss="viewmaker")
    loss, _ = method(toys.batch(), torch.Generator().manual_seed(1), "adversary")
    loss.backward()
    assert not method._fresh
    scale = views["push"].scale
    with torch.no_grad():
        scale -= 0.01 * scale.grad / scale.grad.norm()
    assert method(toys.batch(), torch.Generator().manual_seed(1), "adversary")[0].item() > loss.item()
    constant, _ = method(toys.batch(), generator, "learner")
    scale.grad = None
    constant.backward()
    assert scale.grad is None


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_train": None}, "num_train ≥ 2, not None"),
        ({"num_negatives": -1}, "num_negatives is -1"),
        ({"momentum": -0.1}, "momentum is -0.1"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"loss": "nce"}, "loss is 'nce'"),
    ],
)
def test_bad_arguments_are_named(toys, arguments, message):
    with pytest.raises(ValueError, match=message):
        InstDisc(toys.Linear(), toys.views, **{"num_train": 20, **arguments})
