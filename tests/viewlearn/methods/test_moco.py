import pytest
import torch
from torch.nn import functional as F

from viewlearn.methods import MoCo
from viewlearn.methods.momentum import momentum_copy, momentum_update


def test_momentum_update_is_the_running_mean_and_leaves_buffers(toys):
    fast = toys.Linear(norm=True)
    slow = momentum_copy(fast)
    assert not any(p.requires_grad for p in slow.parameters())
    before = [p.clone() for p in slow.parameters()]
    with torch.no_grad():
        for p in fast.parameters():
            p.add_(1.0)
        fast.norm.running_mean.add_(5)
    momentum_update(slow, fast, 0.9)
    for ours, old in zip(slow.parameters(), before, strict=True):
        torch.testing.assert_close(ours, old + 0.1)
    assert not slow.norm.running_mean.any()


def test_loss_is_cross_entropy_against_key_and_queue(toys, generator):
    method = MoCo(toys.Linear(), toys.views, queue=7, dim=4, temperature=0.3)
    batch = toys.batch()
    replay = torch.Generator().manual_seed(0)
    loss, metrics = method(batch, generator)
    q = F.normalize(method.head(method.encoder(toys.views(batch.x, replay))), dim=1)
    k = F.normalize(method.key_head(method.key_encoder(toys.views(batch.x, replay))), dim=1)
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ method.queue.keys.T], dim=1) / 0.3
    torch.testing.assert_close(loss, F.cross_entropy(logits, torch.zeros(8, dtype=torch.long)))
    torch.testing.assert_close(metrics["alignment"], (q * k).sum(1).mean().detach())


def test_queue_holds_the_keys_of_the_last_steps(toys, generator):
    method = MoCo(toys.Linear(), toys.Compose(), queue=20, dim=4)
    expected = []
    for step in range(5):
        x = toys.batch(step).x
        expected += list(F.normalize(method.key_head(method.key_encoder(x)), dim=1))
        before = method.queue.keys.clone()
        loss, _ = method(toys.batch(step), generator)
        assert torch.equal(method.queue.keys, before)  # filled after the step, not while it is read
        loss.backward()
        method.update()
    position = method.queue.position.item()
    torch.testing.assert_close(method.queue.keys.roll(-position, 0), torch.stack(expected[-20:]))


def test_keys_have_no_gradient_and_the_copy_follows(toys, generator):
    method = MoCo(toys.Linear(), toys.views, queue=16, momentum=0.5)
    start = method.key_encoder.layer.weight.clone()
    toys.steps(method, generator, 1)
    assert all(p.grad is None for p in method.key_encoder.parameters())
    torch.testing.assert_close(method.key_encoder.layer.weight, (start + method.encoder.layer.weight) / 2)


def test_queries_learn_to_find_their_keys(toys, generator):
    method = MoCo(toys.Linear(), toys.Compose(shift=toys.Shift()), queue=64, momentum=0.9)
    losses = toys.steps(method, generator, 200, lr=0.5)
    assert sum(losses[-10:]) / 10 < 0.7 * sum(losses[8:18]) / 10  # once real keys have filled the queue


def test_a_shared_entry_is_the_same_in_query_and_keys(toys, generator):
    """With everything shared, query and key are one view: alignment is 1 before the networks part."""
    batch = toys.batch()
    _, shared = MoCo(toys.Linear(), toys.views, shared="shift,roll")(batch, generator)
    _, other = MoCo(toys.Linear(), toys.views, shared="shift")(batch, generator)
    assert shared["alignment"].item() == pytest.approx(1)
    assert other["alignment"].item() < 0.999


def test_several_keys_average_and_only_the_first_is_queued(toys, generator):
    one, two = (MoCo(toys.Linear(), toys.views, queue=16, dim=4, num_keys=k) for k in (1, 2))
    two.load_state_dict(one.state_dict())
    batch = toys.batch()
    first, _ = one(batch, torch.Generator().manual_seed(5))
    both, _ = two(batch, torch.Generator().manual_seed(5))
    assert first.item() != both.item()
    one.update()
    two.update()
    torch.testing.assert_close(one.queue.keys, two.queue.keys)


def test_learned_views_get_the_reversed_gradient_through_the_query(toys, generator):
    method = MoCo(toys.Linear(), toys.Compose(push=toys.Push()), queue=16)
    for player in ("both", "adversary"):
        method.zero_grad()
        loss, metrics = method(toys.batch(), torch.Generator().manual_seed(1), player)
        loss.backward()
        assert method.views["push"].scale.grad.any()
        assert any(name.startswith("push/") for name in metrics)
    assert len(method._fresh) == 1  # the adversary's turn queues nothing
    scale = method.views["push"].scale
    up = loss.item()
    with torch.no_grad():
        scale -= 0.01 * scale.grad / scale.grad.norm()
    assert method(toys.batch(), torch.Generator().manual_seed(1), "adversary")[0].item() > up


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"momentum": 1.0}, "momentum is 1.0"),
        ({"temperature": 0}, "temperature is 0"),
        ({"dim": 0}, "dim is 0"),
        ({"queue": 0}, "queue is 0"),
        ({"num_keys": 0}, "num_keys is 0"),
        ({"shared": "hue"}, "no entry 'hue' in the views; there are: shift, roll"),
    ],
)
def test_bad_arguments_are_named(toys, arguments, message):
    with pytest.raises(ValueError, match=message):
        MoCo(toys.Linear(), toys.views, **arguments)


@pytest.mark.parametrize("head", ["none", "linear", "mlp"])
def test_every_head_trains(toys, generator, head):
    method = MoCo(toys.Linear(), toys.views, queue=16, head=head, dim=4)
    toys.steps(method, generator, 2)
    assert method.queue.keys.shape == (16, 5 if head == "none" else 4)
