import pytest
import torch
from torch.nn import functional as F

from viewlearn.encoders import Backbone, BranchedBackbone
from viewlearn.losses import looc_loss
from viewlearn.methods import LooC, MoCo
from viewlearn.views import LeaveOneOut


@pytest.mark.parametrize("negatives", ["queue", "batch"])
@pytest.mark.parametrize("factors", ["shift", "shift,roll"])
def test_loss_is_the_equation_on_the_drawn_views(toys, negatives, factors, generator):
    method = LooC(toys.Linear(), toys.views, factors, negatives, 0.3, queue=9, dim=4)
    batch = toys.batch()
    loss, metrics = method(batch, generator)
    query_params, key_params = LeaveOneOut(toys.views, factors).sample(batch.x, torch.Generator().manual_seed(0))
    query = [head(method.encoder(toys.views.transform(batch.x, query_params))) for head in method.heads]
    views = [toys.views.transform(batch.x, params) for params in key_params]
    keys = [torch.stack([head(method.key_encoder(view)) for view in views]) for head in method.key_heads]
    others = [queue.keys for queue in method.queues] if negatives == "queue" else None
    expected = looc_loss(query, keys, others, 0.3)
    torch.testing.assert_close(loss, expected.mean())
    names = ["loss/all", *(f"loss/{name}" for name in factors.split(","))]
    torch.testing.assert_close(torch.stack([metrics[name] for name in names]), expected.detach())


def test_queue_of_each_space_holds_its_own_keys_after_many_steps(toys, generator):
    views = toys.Compose(shift=toys.Shift(), roll=toys.Roll())
    method = LooC(toys.Linear(), views, "shift,roll", queue=20, dim=4)
    expected = [[], [], []]
    replay = torch.Generator().manual_seed(0)
    for step in range(5):
        batch = toys.batch(step)
        _, key_params = LeaveOneOut(views, "shift,roll").sample(batch.x, replay)
        for i, params in enumerate(key_params):
            z = method.key_heads[i](method.key_encoder(views.transform(batch.x, params)))
            expected[i] += list(F.normalize(z, dim=1))
        loss, _ = method(batch, generator)
        loss.backward()
        with torch.no_grad():
            for p in method.encoder.parameters():
                p -= 0.1 * p.grad
        method.update()
    for queue, keys in zip(method.queues, expected, strict=True):
        torch.testing.assert_close(queue.keys.roll(-queue.position.item(), 0), torch.stack(keys[-20:]))


@pytest.mark.filterwarnings("ignore:factor 'none'")
def test_with_a_factor_of_zero_strength_the_invariant_space_is_mocos(toys):
    views = toys.Compose(shift=toys.Shift(), none=toys.Shift(0.0))
    moco = MoCo(toys.Linear(), views, queue=16, dim=4)
    looc = LooC(toys.Linear(), views, "none", queue=16, dim=4)
    looc.encoder.load_state_dict(moco.encoder.state_dict())
    looc.key_encoder.load_state_dict(moco.key_encoder.state_dict())
    looc.heads[0].load_state_dict(moco.head.state_dict())
    looc.key_heads[0].load_state_dict(moco.key_head.state_dict())
    expected, _ = moco(toys.batch(), torch.Generator().manual_seed(3))
    loss, metrics = looc(toys.batch(), torch.Generator().manual_seed(3))
    torch.testing.assert_close(metrics["loss/all"], expected.detach())
    expected.backward()
    (2 * loss).backward()  # half of the weight is the other space's, through its own head
    for ours, mocos in zip(looc.heads[0].parameters(), moco.head.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, mocos.grad)
    moco.update()
    looc.update()
    torch.testing.assert_close(looc.queues[0].keys, moco.queue.keys)


def test_spaces_keep_their_factor_and_the_invariant_one_does_not(toys, generator):
    """After training, moving one factor moves its own space more than the others."""
    views = toys.Compose(shift=toys.Shift(3.0), roll=toys.Roll())
    method = LooC(toys.Linear(), views, "shift,roll", "batch", 0.2, momentum=0.9, dim=8)
    toys.steps(method, generator, 400, lr=0.3)
    x = torch.randn(200, 6, generator=generator)
    params = views.sample(x, generator)
    moved = {}
    for i, name in enumerate(("shift", "roll"), start=1):
        other = params | {name: views[name].sample(x, generator)}
        same = views[name].same(params[name], other[name])
        z, z2 = (method.project(method.encoder(views.transform(x, p))) for p in (params, other))
        moved[name] = 1 - torch.cosine_similarity(z, z2, dim=2)[~same].mean(0)
        assert moved[name][i] > 1.5 * moved[name][0]
    assert moved["shift"][1] > moved["shift"][2]
    assert moved["roll"][2] > moved["roll"][1]


def test_only_the_query_has_a_gradient(toys, generator):
    method = LooC(toys.Linear(), toys.views, "shift")
    loss, _ = method(toys.batch(), generator)
    loss.backward()
    assert all(p.grad is None for p in [*method.key_encoder.parameters(), *method.key_heads.parameters()])
    assert all(p.grad is not None for p in [*method.encoder.parameters(), *method.heads.parameters()])


def test_all_keys_of_a_step_are_one_batch(toys, generator):
    method, sizes = LooC(toys.Linear(), toys.views, "shift,roll"), []
    method.key_encoder.register_forward_hook(lambda module, inputs, output: sizes.append(len(inputs[0])))
    method(toys.batch(), generator)
    assert sizes == [3 * 8]


def test_a_learned_view_is_a_factor(toys, generator):
    method = LooC(toys.Linear(), toys.Compose(push=toys.Push(), roll=toys.Roll()), "push,roll")
    loss, metrics = method(toys.batch(), generator)
    loss.backward()
    assert method.views["push"].scale.grad.any()
    assert "loss/push" in metrics


@pytest.mark.parametrize("name", ["resnet10w16", "resnet18"])
def test_plus_plus_gives_each_space_a_last_stage(toys, name, generator):
    encoder = BranchedBackbone(name, 3, channels=6, size=(8, 8))
    assert encoder.num_features == 3 * Backbone(name, channels=6, size=(8, 8)).num_features
    images = toys.batch().x[:, :, None, None].expand(-1, -1, 8, 8)
    views = toys.Compose(a=toys.Shift(), b=toys.Shift())
    views["a"].transform = views["b"].transform = lambda x, params: x + params["shift"].view(-1, 1, 1, 1)
    method = LooC(encoder, views, "a,b", queue=16)
    batch = type(toys.batch())(images, {}, torch.arange(8))
    loss, metrics = method(batch, generator)
    losses = method.project(encoder(images))  # space i reads branch i alone
    (gradient,) = torch.autograd.grad(losses[:, 1].sum(), encoder.branches[0][0][0].conv1.weight, allow_unused=True)
    assert gradient is None or not gradient.any()
    loss.backward()
    assert all(p.grad is not None for p in encoder.parameters())
    assert len(metrics) == 3


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"factors": "hue"}, "no entry 'hue' in the views; there are: shift, roll"),
        ({"factors": ""}, "no factors are given"),
        ({"negatives": "bank"}, "negatives is 'bank'"),
        ({"momentum": 2}, "momentum is 2"),
    ],
)
def test_bad_arguments_are_named(toys, arguments, message):
    with pytest.raises(ValueError, match=message):
        LooC(toys.Linear(), toys.views, **{"factors": "shift", **arguments})


def test_branches_must_fit_the_factors(toys):
    encoder = BranchedBackbone("resnet10w16", 2, channels=3, size=(32, 32))
    with pytest.raises(
        ValueError, match="has 2 branches; LooC\\+\\+ needs 3, one for each of the spaces all, shift, roll"
    ):
        LooC(encoder, toys.views, "shift,roll")
