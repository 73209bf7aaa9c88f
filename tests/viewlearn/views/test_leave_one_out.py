import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from viewlearn.views import Compose, Identity, LeaveOneOut, RandomApply, View, Viewmaker, draw, pipeline, same_params
from viewlearn.views.decode import ToFloat
from viewlearn.views.others import redrawn
from viewlearn.views.params import leaves
from vision import ColorJitter, Grayscale, HorizontalFlip, QuarterRotation, RandomColorJitter
from vision.video.views import PickFrame


class Shift(View):
    """Adds a continuous number."""

    def __init__(self, strength: float = 1.0):
        super().__init__()
        self.strength = strength

    def sample(self, x, generator=None):
        return {"shift": draw.uniform(x, 0.0, self.strength, generator)}

    def transform(self, x, params):
        return x + params["shift"].view(-1, *[1] * (x.ndim - 1))


class Turn(View):
    """Rolls by one of ``num`` places."""

    def __init__(self, num: int = 4):
        super().__init__()
        self.num = num

    def sample(self, x, generator=None):
        return {"turns": draw.integers(x, 0, self.num, generator)}

    def transform(self, x, params):
        return torch.stack([row.roll(int(k), -1) for row, k in zip(x, params["turns"], strict=True)])


def views() -> Compose:
    return Compose(crop=Shift(), color=RandomApply(Shift(), 0.5), gray=RandomApply(Shift(), 0.2), rotation=Turn())


def same(views: Compose, name: str, a, b) -> Tensor:
    return views[name].same(a[name], b[name])


@pytest.mark.parametrize("redraw", [True, False])
def test_each_key_shares_its_own_factor_and_nothing_else(generator, redraw):
    v, x = views(), torch.zeros(400, 3, 2, 4)
    draws = LeaveOneOut(v, ["color", "rotation"], redraw)
    query, keys = draws.sample(x, generator)
    assert len(keys) == 3
    assert torch.equal(keys[1]["color"]["view"]["shift"], query["color"]["view"]["shift"])
    assert torch.equal(keys[2]["rotation"]["turns"], query["rotation"]["turns"])
    for j, key in enumerate(keys):
        assert not same(v, "crop", key, query).any()
        for i, name in enumerate(["color", "rotation"], start=1):
            equal = same(v, name, key, query)
            assert equal.all() if i == j else not equal.any() if redraw else 0 < equal.sum() < 200


def test_images_share_the_factor_and_nothing_else(generator):
    """Image by image: undoing what isn't shared shows the same factor."""
    v, x = Compose(color=Shift(), rotation=Turn()), torch.rand(50, 1, 1, 4, generator=generator)
    query, (_, color, rotation) = LeaveOneOut(v, "color,rotation").sample(x, generator)
    for i in range(len(x)):
        image = x[i : i + 1]
        q, c, r = (
            v.transform(image, {name: {key: value[i : i + 1] for key, value in p[name].items()} for name in p})
            for p in (query, color, rotation)
        )
        torch.testing.assert_close(c.sort().values, q.sort().values)  # same shift, other turn
        assert not torch.equal(c, q)
        torch.testing.assert_close(r - r.mean(), q - q.mean())  # same turn, other shift
        assert not torch.allclose(r, q)


def test_redrawn_turns_are_uniform_over_the_others(generator):
    draws = LeaveOneOut(Compose(rotation=Turn()), "rotation")
    query, (k0, _) = draws.sample(torch.zeros(6000, 1), generator)
    difference = (k0["rotation"]["turns"] - query["rotation"]["turns"]) % 4
    counts = difference.bincount(minlength=4)
    assert counts[0] == 0
    assert (counts[1:] - 2000).abs().max() < 5 * (6000 * 2 / 9) ** 0.5


SETTINGS = {
    "turn": QuarterRotation(),
    "flip": HorizontalFlip(0.3),
    "always_turned": RandomApply(QuarterRotation(), 1.0),
    "sometimes_turned": RandomApply(QuarterRotation(), 0.6),
    "sometimes_flipped": RandomApply(HorizontalFlip(0.3), 0.6),
    "gray": RandomApply(Grayscale(), 0.2),
    "both": Compose(flip=HorizontalFlip(0.3), gray=RandomApply(Grayscale(), 0.2), turn=QuarterRotation()),
    "of_both": RandomApply(Compose(flip=HorizontalFlip(0.3), gray=RandomApply(Grayscale(), 0.2)), 0.7),
    "unknown": Compose(flip=HorizontalFlip(0.3), roll=Turn(2)),
    "unknown_sometimes": RandomApply(Turn(3), 0.5),
    "frame": PickFrame(),
    "ends": PickFrame("ends"),
}


def settings_of(view: View, params) -> Tensor:
    """Numbers what a view of few settings does, as far as ``View.same`` tells settings apart."""
    if isinstance(view, RandomApply):
        inner = settings_of(view.view, params["view"])
        return torch.where(params["applied"], 1 + inner, 0)
    if isinstance(view, Compose):
        parts = [settings_of(entry, params[name]) for name, entry in view.entries.items()]
        return sum(part * 10**i for i, part in enumerate(parts))
    return next(iter(params.values())).long() if params else torch.zeros((), dtype=torch.int64)


@pytest.mark.parametrize("name", SETTINGS)
def test_other_draws_are_distributed_as_draws_repeated_until_they_differ(name):
    view, x = SETTINGS[name], torch.zeros(30_000, 2, 3, 4, 4)
    generator = torch.Generator().manual_seed(1)
    query = view.sample(x, generator)
    other, chance = view.sample_other(x, query, generator)
    repeated = redrawn(lambda: view.sample(x, generator), lambda drawn: view.same(drawn, query))
    assert not view.same(other, query).any()
    before, ours, theirs = (settings_of(view, params).expand(len(x)) for params in (query, other, repeated))
    number = int(torch.stack([before, ours, theirs]).max()) + 1
    ours, theirs = ((before * number + each).bincount(minlength=number**2) for each in (ours, theirs))
    # Two samples of one distribution: the difference of counts has the variance of their sum.
    assert ((ours - theirs).abs() <= 5 * (ours + theirs).clamp_min(1).sqrt()).all()
    if chance is not None:
        differs = ~view.same(view.sample(x, generator), query)
        chance = torch.as_tensor(chance, dtype=torch.float32).expand(len(x))
        for value in chance.unique():
            of = chance == value
            assert differs[of].float().mean().item() == pytest.approx(value.item(), abs=5 / of.sum().item() ** 0.5)


@pytest.mark.parametrize(
    "view", [HorizontalFlip(0.0), HorizontalFlip(1.0), RandomApply(Grayscale(), 1.0), RandomApply(Grayscale(), 0.0)]
)
def test_what_can_t_differ_stays_and_has_no_chance(view, generator):
    x = torch.zeros(50, 3, 4, 4)
    query = view.sample(x, generator)
    other, chance = view.sample_other(x, query, generator)
    assert view.same(other, query).all()
    assert (torch.as_tensor(chance) == 0).all()


def test_drawing_keys_asks_nothing_of_an_accelerator(generator):
    """On a device whose tensors have no values, whatever reads one fails; so does what mixes devices."""
    entries = {
        "color": RandomColorJitter(ColorJitter(0.4), 0.8),
        "gray": RandomApply(Grayscale(), 0.2),
        "plain": Grayscale(),
        "rotation": QuarterRotation(),
    }
    draws = LeaveOneOut(Compose(entries), "color+gray,rotation+plain")
    with FakeTensorMode():
        query, keys = draws.sample(torch.empty(8, 3, 16, 16, device="cuda"))
        for params in (query, *keys):
            assert all(value.device.type == "cuda" for value in leaves(params))
        assert draws.same("rotation+plain", query, keys[0]).device.type == "cuda"


def test_the_first_two_draws_are_those_of_two_plain_views(generator):
    v, x = Compose(crop=Shift(), color=Shift()), torch.zeros(8, 1)
    query, keys = LeaveOneOut(v, "color").sample(x, torch.Generator().manual_seed(5))
    plain = torch.Generator().manual_seed(5)
    for ours, theirs in zip((query, keys[0]), (v.sample(x, plain), v.sample(x, plain)), strict=True):
        assert same_params(ours, theirs).all()


def test_two_entries_make_one_factor(generator):
    v, x = views(), torch.zeros(300, 3, 2, 4)
    draws = LeaveOneOut(v, "color+gray, rotation")
    assert draws.names == ["color+gray", "rotation"]
    query, (k0, k1, _) = draws.sample(x, generator)
    assert same(v, "color", k1, query).all()
    assert same(v, "gray", k1, query).all()
    both = same(v, "color", k0, query) & same(v, "gray", k0, query)
    assert not both.any()
    assert same(v, "gray", k0, query).any()  # one of the two may agree


def test_random_apply_is_the_same_where_neither_is_hit():
    view = RandomApply(Shift())
    a = {"applied": torch.tensor([False, True, True, False]), "view": {"shift": torch.tensor([1.0, 1.0, 1.0, 1.0])}}
    b = {"applied": torch.tensor([False, True, True, True]), "view": {"shift": torch.tensor([2.0, 2.0, 1.0, 1.0])}}
    assert view.same(a, b).tolist() == [True, False, True, False]


def test_a_nested_compose_is_the_same_where_all_entries_are():
    view = Compose(a=Turn(), none=Identity(), b=Turn())
    p = {"a": {"turns": torch.tensor([0, 1, 2])}, "none": {}, "b": {"turns": torch.tensor([0, 1, 2])}}
    q = {"a": {"turns": torch.tensor([0, 1, 0])}, "none": {}, "b": {"turns": torch.tensor([0, 0, 2])}}
    assert view.same(p, q).tolist() == [True, False, False]


def test_a_learned_view_is_a_factor_too(generator):
    v = pipeline(ToFloat(), Identity(), Compose(crop=Shift(), viewmaker=Viewmaker(channels=1, width=8)))
    x = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    query, (k0, k1) = LeaveOneOut(v, "viewmaker").sample(x, generator)
    assert torch.equal(query["viewmaker"]["noise0"], k1["viewmaker"]["noise0"])
    assert not torch.equal(query["viewmaker"]["noise0"], k0["viewmaker"]["noise0"])


def test_a_factor_without_strength_is_told(generator):
    with pytest.warns(UserWarning, match="'none' comes out the same"):
        LeaveOneOut(Compose(none=Shift(0.0)), "none").sample(torch.zeros(2, 1), generator)


def test_bad_factors_are_named(generator):
    v = pipeline(ToFloat(), Identity(), views())
    with pytest.raises(ValueError, match=r"no entry 'hue' in the views; there are: crop, color, gray, rotation$"):
        LeaveOneOut(v, "hue")
    with pytest.raises(ValueError, match="twice"):
        LeaveOneOut(v, "color,color")
    with pytest.raises(ValueError, match="twice"):
        LeaveOneOut(v, ["color", "gray+color"])
    with pytest.raises(ValueError, match="no factors are given"):
        LeaveOneOut(v, "")
    with pytest.raises(ValueError, match="'none' draws no parameters"):
        LeaveOneOut(Compose(none=Identity()), "none").sample(torch.zeros(2, 1), generator)
