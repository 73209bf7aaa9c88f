"""What is added to SimCLR and MoCo so that features keep what views change: each equation by a slow loop."""

import math
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from viewlearn.methods import CASSLE, ESSL, AugSelf, EquiMod, MoCo, SimCLR
from viewlearn.methods.keepers.descriptor import Descriptor
from viewlearn.views import Compose, RandomApply, Tilted, share

SHAPE = (6,)
SMALL = {"width": 7, "input_shape": SHAPE}


@pytest.fixture
def keepers(toys):
    further = Compose(push=toys.Shift(0.1), turn=toys.Roll())
    return {
        "AugSelf": partial(AugSelf, factors="shift,roll", weight=0.5, **SMALL),
        "CASSLE": partial(CASSLE, factors="shift", depth=2, **SMALL),
        "EquiMod": partial(EquiMod, factors="shift+roll", dim=4, weight=0.5, **SMALL),
        "ESSL": partial(ESSL, factors="turn", further_views=further, **SMALL),
    }


BASES = {
    "SimCLR": partial(SimCLR, temperature=0.5, dim=4),
    "MoCo": partial(MoCo, temperature=0.5, dim=4, queue=20),
}
NAMES = ("AugSelf", "CASSLE", "EquiMod", "ESSL")


def made(toys, keepers, base, name, views=None):
    torch.manual_seed(0)
    return BASES[base](toys.Linear(), views or toys.views, keeper=keepers[name]).double()


def exact(batch):
    return type(batch)(batch.x.double(), batch.labels, batch.index)


def features_of(method, x, draws):
    """Features and draws of the two views that the method makes, the first with those of its query."""
    params = [method.views.sample(x, draws) for _ in range(2)]
    encoders = [method.encoder, getattr(method, "key_encoder", method.encoder)]
    views = [method.views.transform(x, each) for each in params]
    return [encoder(view) for encoder, view in zip(encoders, views, strict=True)], params


def plain_loss(toys, base, method, batch, seed):
    """The base's own loss, without the keeper."""
    alone = BASES[base](toys.Linear(), toys.views).double()
    alone.load_state_dict({k: v for k, v in method.state_dict().items() if not k.startswith("keeper.")})
    return alone(batch, torch.Generator().manual_seed(seed))[0]


@pytest.mark.parametrize("base", BASES)
def test_augself_is_its_equation(toys, keepers, base):
    method, batch = made(toys, keepers, base, "AugSelf"), exact(toys.batch())
    loss, metrics = method(batch, torch.Generator().manual_seed(3))
    (h1, h2), (p1, p2) = features_of(method, batch.x, torch.Generator().manual_seed(3))
    total = 0.0
    for factor, leaf, head in zip(("shift", "roll"), ("shift", "places"), method.keeper.heads, strict=True):
        forward = head(torch.cat([h1, h2], dim=1)).tanh()
        backward = head(torch.cat([h2, h1], dim=1)).tanh()
        own = 0.0
        for i in range(len(batch.x)):
            target = float(p1[factor][leaf][i]) - float(p2[factor][leaf][i])
            own += ((forward[i, 0] - target) ** 2 + (backward[i, 0] + target) ** 2).item() / 2
        total += own / len(batch.x)
        assert metrics[f"loss/{factor}"].item() == pytest.approx(own / len(batch.x), rel=1e-5)
    expected = plain_loss(toys, base, method, batch, 3).item() + 0.5 * total
    assert loss.item() == pytest.approx(expected, rel=1e-5)  # descriptors are float32


@pytest.mark.parametrize("base", BASES)
def test_equimod_is_its_equation(toys, keepers, base):
    method, batch = made(toys, keepers, base, "EquiMod"), exact(toys.batch())
    loss, metrics = method(batch, torch.Generator().manual_seed(3))
    features, params = features_of(method, batch.x, torch.Generator().manual_seed(3))
    number = 2 if base == "SimCLR" else 1  # MoCo's key has no gradient
    keeper, clean = method.keeper, method.encoder(batch.x)
    y = keeper.head(torch.cat(features[:number]))
    y0 = keeper.head(clean).repeat(number, 1)
    did = torch.cat([torch.stack([p["shift"]["shift"], p["roll"]["places"]], dim=1).float() for p in params[:number]])
    predicted = keeper.predict(torch.cat([y0, keeper.embed(did.double())], dim=1))
    z = [*F.normalize(y, dim=1), *F.normalize(predicted, dim=1)]
    pairs, total = len(y), 0.0
    for i in range(2 * pairs):
        others = [math.exp((z[i] @ z[j]).item() / 0.2) for j in range(2 * pairs) if j != i]
        total -= math.log(math.exp((z[i] @ z[(i + pairs) % (2 * pairs)]).item() / 0.2) / sum(others)) / (2 * pairs)
    assert metrics["loss/equimod"].item() == pytest.approx(total, rel=1e-5)
    gain = sum(F.cosine_similarity(y, other).mean().item() * sign for other, sign in ((predicted, 1), (y0, -1)))
    assert metrics["gain"].item() == pytest.approx(gain, abs=1e-6)
    assert loss.item() == pytest.approx(plain_loss(toys, base, method, batch, 3).item() + 0.5 * total, rel=1e-5)


@pytest.mark.parametrize("base", BASES)
def test_essl_is_its_equation(toys, keepers, base):
    method, batch = made(toys, keepers, base, "ESSL"), exact(toys.batch())
    draws = torch.Generator().manual_seed(3)
    loss, metrics = method(batch, draws)
    replay = torch.Generator().manual_seed(3)
    for _ in range(2):
        method.views.sample(batch.x, replay)
    keeper = method.keeper
    params = keeper.further_views.sample(batch.x, replay)
    assert torch.equal(draws.get_state(), replay.get_state())
    total, right = 0.0, 0
    for setting in range(3):
        turned = {"turn": {"places": torch.full((8,), setting)}, "push": params["push"]}
        scores = keeper.heads[0](method.encoder(keeper.further_views.transform(batch.x, turned)))
        for row in scores:
            total -= math.log(row[setting].exp().item() / row.exp().sum().item()) / 24
            right += row.argmax().item() == setting
    assert metrics["predicted/turn"].item() == pytest.approx(right / 24)
    assert loss.item() == pytest.approx(plain_loss(toys, base, method, batch, 3).item() + 0.4 * total, rel=1e-5)


@pytest.mark.parametrize("base", BASES)
def test_cassle_tells_each_projection_what_its_own_view_did(toys, keepers, base):
    method, batch = made(toys, keepers, base, "CASSLE"), exact(toys.batch())
    loss, _ = method(batch, torch.Generator().manual_seed(3))
    features, params = features_of(method, batch.x, torch.Generator().manual_seed(3))
    heads = [method.head, getattr(method, "key_head", method.head)]
    # BatchNorm takes both of SimCLR's views together, and MoCo's key by itself.
    told = [each["shift"]["shift"].double()[:, None] for each in params]
    if base == "SimCLR":
        told = method.head.tell(torch.cat(told)).chunk(2)
    else:
        told = [head.tell(each) for head, each in zip(heads, told, strict=True)]
    z = [
        F.normalize(head.head(torch.cat([h, each], dim=1)), dim=1)
        for head, h, each in zip(heads, features, told, strict=True)
    ]
    total = 0.0
    if base == "MoCo":
        for q, k in zip(*z, strict=True):
            others = sum(math.exp((q @ n).item() / 0.5) for n in method.queue.keys)
            total -= math.log(math.exp((q @ k).item() / 0.5) / (math.exp((q @ k).item() / 0.5) + others)) / 8
    else:
        both = [*z[0], *z[1]]
        for i in range(16):
            others = sum(math.exp((both[i] @ both[j]).item() / 0.5) for j in range(16) if j != i)
            total -= math.log(math.exp((both[i] @ both[(i + 8) % 16]).item() / 0.5) / others) / 16
    assert loss.item() == pytest.approx(total, rel=1e-5)
    clean = method.head(features[0])  # told nothing, as at evaluation
    assert torch.equal(clean, method.head(features[0], torch.zeros(8, 1, dtype=torch.float64)))


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", NAMES)
def test_learned_views_play_against_the_base_alone(toys, keepers, base, name):
    """Their gradient is that of the base's loss, with the keeper's weight as with none; the encoder's has both."""
    views = Compose(shift=toys.Shift(), roll=toys.Roll(), learned=toys.Push())
    method, batch = made(toys, keepers, base, name, views), exact(toys.batch())
    gradients = {}
    for weight in (0.0, 2.0):
        method.zero_grad()
        method.keeper.weight = weight
        method(batch, torch.Generator().manual_seed(1))[0].backward()
        gradients[weight] = (method.views["learned"].scale.grad.clone(), method.encoder.layer.weight.grad.clone())
    torch.testing.assert_close(*(views for views, _ in gradients.values()))
    assert gradients[0.0][0].any()
    assert name == "CASSLE" or not torch.allclose(*(encoder for _, encoder in gradients.values()))
    method.zero_grad()
    loss, _ = method(batch, torch.Generator().manual_seed(1), "adversary")
    loss.backward()
    torch.testing.assert_close(method.views["learned"].scale.grad, gradients[0.0][0])
    if name != "CASSLE":
        assert loss.item() < method(batch, torch.Generator().manual_seed(1))[0].item()  # without the keeper's


@pytest.mark.parametrize("name", ["AugSelf", "CASSLE", "EquiMod"])
def test_what_a_learned_view_decided_can_be_kept(toys, name):
    views = Compose(shift=toys.Shift(), learned=toys.Push())
    keeper = {"AugSelf": AugSelf, "CASSLE": CASSLE, "EquiMod": EquiMod}[name]
    method = MoCo(toys.Linear(), views, queue=16, dim=4, keeper=partial(keeper, factors="learned", **SMALL))
    assert method.keeper.descriptor.sizes == {"learned": 6}
    params = views.sample(toys.batch().x, torch.Generator())
    _, decisions = method.render(toys.batch().x, params, "both")
    did = method.describe(params, decisions)
    torch.testing.assert_close(did, (views["learned"].scale * params["learned"]["noise"]).detach())
    views.requires_grad_(False)  # a view that doesn't learn any more decides all the same
    _, decisions = method.render(toys.batch().x, params, "both")
    assert torch.equal(method.describe(params, decisions), did)


def test_candidates_of_tilted_views_are_told_of_themselves(toys):
    views = Compose(tilted=Tilted(toys.views, num_candidates=3))
    keeper = partial(CASSLE, depth=1, **SMALL)
    method = SimCLR(toys.Linear(), views, temperature=0.5, dim=4, keeper=keeper)
    x = toys.batch().x
    drawn = [views.sample(x, torch.Generator().manual_seed(seed)) for seed in (0, 1)]
    did = method.candidates_did("tilted", *drawn)
    assert did.shape == (48, 2)
    for k, rows in enumerate(did.chunk(6)):
        of, number = divmod(k, 3)
        candidates = drawn[of]["tilted"]["candidates"]
        assert torch.equal(rows[:, 0], candidates["shift"]["shift"][:, number])
        assert torch.equal(rows[:, 1], candidates["roll"]["places"][:, number].float())
    loss, _ = method(toys.batch(), torch.Generator().manual_seed(0))
    assert loss.isfinite()


def test_a_shared_factor_has_no_difference_to_predict(toys):
    """Query and key of the same draw: AugSelf's target is 0."""
    views = toys.views
    x = toys.batch().x
    first = views.sample(x, torch.Generator().manual_seed(0))
    second = share(views.sample(x, torch.Generator().manual_seed(1)), first, "shift")
    describe = Descriptor(views, None, SHAPE, None)
    split = describe.split(describe(first, {}) - describe(second, {}))
    assert not split["shift"].any() and split["roll"].any()
    assert describe.sizes == {"shift": 1, "roll": 1}  # all that draw something, by default


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda toys: partial(AugSelf, factors="hue", **SMALL), "no entry 'hue' in the views; there are: shift, roll"),
        (lambda toys: partial(AugSelf, factors="shift"), "input_shape is None"),
        (lambda toys: partial(AugSelf, weight=-1.0, **SMALL), "weight is -1.0"),
        (lambda toys: partial(ESSL, factors="shift", **SMALL), "further_views is None"),
        (
            lambda toys: partial(ESSL, factors="shift", further_views=toys.views, **SMALL),
            "factor 'shift' has no few settings to predict",
        ),
        (lambda toys: partial(ESSL, factors="", further_views=toys.views, **SMALL), "no factors are given"),
        (lambda toys: partial(ESSL, factors="shift+roll", further_views=toys.views, **SMALL), "joins entries"),
        (
            lambda toys: partial(ESSL, factors="roll", further_views=Compose(a=toys.Push()), **SMALL),
            "further_views has learned views",
        ),
    ],
)
def test_bad_arguments_are_named(toys, make, message):
    with pytest.raises(ValueError, match=message):
        SimCLR(toys.Linear(), toys.views, keeper=make(toys))


def test_what_does_not_go_together_is_said(toys, keepers):
    with pytest.raises(ValueError, match="no partner_views or small_views"):
        SimCLR(toys.Linear(), toys.views, partner_views=toys.views, keeper=keepers["AugSelf"])
    with pytest.raises(ValueError, match="head is 'none'"):
        MoCo(toys.Linear(), toys.views, head="none", keeper=keepers["CASSLE"])
    within = Compose(some=RandomApply(toys.Push(), 0.5))
    with pytest.raises(ValueError, match="factor 'some' has a learned view within another"):
        SimCLR(toys.Linear(), within, keeper=partial(AugSelf, **SMALL))
    with pytest.raises(ValueError, match="factors none draw nothing"):
        SimCLR(toys.Linear(), Compose(), keeper=partial(AugSelf, **SMALL))
