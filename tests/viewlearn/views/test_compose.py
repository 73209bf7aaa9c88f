"""The contract of views, on the combinators that know no modality."""

import pytest
import torch

from viewlearn.views import Compose, Identity, RandomApply, View, draw, map_params, select, share


class Shift(View):
    """x + a number per sample."""

    def sample(self, x, generator=None):
        return {"by": draw.uniform(x, -1.0, 1.0, generator)}

    def transform(self, x, params):
        return x + params["by"].view(-1, *[1] * (x.ndim - 1))


class Halve(View):
    """Every second pixel of a row."""

    def sample(self, x, generator=None):
        return {"phase": draw.integers(x, 0, 2, generator)}

    def transform(self, x, params):
        pairs = x.unflatten(-1, (-1, 2))
        phase = params["phase"].view(-1, *[1] * (pairs.ndim - 1)).expand(*pairs.shape[:-1], 1)
        return pairs.gather(-1, phase).squeeze(-1)

    def like(self, x):
        return x.new_empty(1).expand(*x.shape[:-1], x.shape[-1] // 2)


def nested() -> Compose:
    return Compose(
        shift=Shift(), inner=Compose(halve=Halve(), shift=Shift()), maybe=RandomApply(Shift(), 0.5), same=Identity()
    )


@pytest.fixture
def x(generator):
    return torch.rand(16, 2, 8, generator=generator)


def test_forward_is_transform_of_sample(x, generator):
    views = nested()
    view = views(x, generator.manual_seed(1))
    params = views.sample(x, generator.manual_seed(1))
    assert torch.equal(view, views.transform(x, params))


def test_the_generator_decides_everything(x, generator):
    views = nested()
    torch.manual_seed(5)
    first = views(x, generator.manual_seed(1))
    state = torch.random.get_rng_state()
    torch.manual_seed(6)
    assert torch.equal(first, views(x, generator.manual_seed(1)))
    torch.manual_seed(5)
    views(x, generator)
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator was touched"
    assert not torch.equal(first, views(x, generator.manual_seed(2)))


def test_rows_depend_on_their_own_parameters_only(x, generator):
    views = nested()
    params = views.sample(x, generator)
    index = torch.tensor([7, 2, 11])
    torch.testing.assert_close(views.transform(x[index], select(params, index)), views.transform(x, params)[index])


def test_entries_are_applied_in_order(x, generator):
    views = nested()
    params = views.sample(x, generator)
    y = views["shift"].transform(x, params["shift"])
    y = views["inner"]["halve"].transform(y, params["inner"]["halve"])
    y = views["inner"]["shift"].transform(y, params["inner"]["shift"])
    y = views["maybe"].transform(y, params["maybe"])
    assert torch.equal(views.transform(x, params), y)
    assert views.names == ["shift", "inner", "maybe", "same"]


def test_parameters_are_drawn_for_the_shape_that_reaches_an_entry(x, generator):
    assert nested().like(x).shape == nested()(x, generator).shape == (16, 2, 4)

    class Map(Shift):
        def sample(self, x, generator=None):
            return {"map": draw.normal(x, generator, *x.shape[1:])}

        def transform(self, x, params):
            return x * params["map"]

    assert Compose(halve=Halve(), map=Map())(x, generator).shape == (16, 2, 4)


class ByMean(Shift):
    """Draws from values, which the contract forbids."""

    def sample(self, x, generator=None):
        return {"by": x.flatten(1).mean(1)}


class IfBright(Shift):
    def sample(self, x, generator=None):
        return {"by": draw.uniform(x, 0.0, 1.0 if x.max() > 0.5 else 2.0, generator)}


class WhereBright(Shift):
    def sample(self, x, generator=None):
        return {"by": x[x > 0.5][: len(x)]}


@pytest.mark.parametrize("view", [ByMean(), IfBright(), WhereBright()])
@pytest.mark.parametrize("before", [{}, {"same": Identity()}, {"halve": Halve()}])
def test_a_view_that_draws_from_values_is_told_in_a_chain(x, generator, view, before):
    with pytest.raises(ValueError, match=r"decide in `transform`"):
        Compose({**before, "view": view}).sample(x, generator)


def test_what_a_view_knows_when_it_draws(generator):
    """Its input's shape, dtype and device, through any operations of views before it; new tensors have values."""
    seen = []

    class Pooled(Shift):
        def like(self, x):
            return torch.nn.functional.avg_pool2d(torch.cat([x, x], dim=1), 2)[:, 1:].double()

    class Known(Shift):
        def sample(self, x, generator=None):
            seen.append(x)
            return {"by": x.new_zeros(len(x)) + torch.ones_like(x[..., 0, 0, 0])}

    x = torch.rand(4, 3, 8, 6, requires_grad=True)
    params = Compose(pooled=Pooled(), known=Known()).sample(x, generator)
    assert params["known"]["by"].tolist() == [1, 1, 1, 1]
    assert seen[0].shape == (4, 5, 4, 3)
    assert seen[0].dtype == torch.float64
    assert seen[0].device == x.device
    assert "shape=(4, 5, 4, 3)" in repr(seen[0])


def test_parameters_have_the_batch_first(x, generator):
    sizes = set()
    map_params(lambda value: sizes.add(len(value)), nested().sample(x, generator))
    assert sizes == {16}


def test_parameters_are_those_of_all_modules_weights():
    assert nested().state_dict() == {}
    assert [type(view).__name__ for view in Compose({"a": Identity()}, b=Shift()).children()] == ["ModuleDict"]


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_random_apply_leaves_the_others_bit_identical(x, generator, probability):
    view = RandomApply(Shift(), probability)
    params = view.sample(x, generator)
    y = view.transform(x, params)
    applied = params["applied"]
    assert torch.equal(y[~applied], x[~applied])
    assert torch.equal(y[applied], view.view.transform(x, params["view"])[applied])
    assert applied.sum() == {0.0: 0, 0.5: applied.sum(), 1.0: 16}[probability]


def test_random_apply_hits_with_its_probability():
    x = torch.zeros(20_000, 1)
    applied = RandomApply(Shift(), 0.3).sample(x, torch.Generator().manual_seed(0))["applied"]
    assert applied.float().mean().item() == pytest.approx(0.3, abs=0.013)  # 4 standard deviations


def test_random_apply_draws_for_all_so_that_a_hit_doesn_t_shift_the_rest(x, generator):
    always, sometimes = (RandomApply(Shift(), p).sample(x, generator.manual_seed(0)) for p in (1.0, 0.5))
    assert torch.equal(always["view"]["by"], sometimes["view"]["by"])


def test_random_apply_passes_gradients_to_hit_and_unhit(x, generator):
    x.requires_grad_()
    view = RandomApply(Shift(), 0.5)
    (2 * view(x, generator)).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 2.0))


def test_random_apply_keeps_a_low_precision(generator):
    x = torch.rand(8, 2, 4, generator=generator).bfloat16()
    assert RandomApply(Shift(), 0.5)(x, generator).dtype == torch.bfloat16


def test_random_apply_refuses_a_view_that_changes_the_shape(x, generator):
    with pytest.raises(ValueError, match=r"\(2, 8\).*\(2, 4\)"):
        RandomApply(Halve(), 1.0)(x, generator)


@pytest.mark.parametrize("probability", [-0.1, 1.5])
def test_a_probability_outside_the_unit_interval_is_an_error(probability):
    with pytest.raises(ValueError, match=str(probability)):
        RandomApply(Identity(), probability)


def test_share_copies_the_named_entries_and_nothing_else(x, generator):
    views = nested()
    a, b = views.sample(x, generator), views.sample(x, generator)
    shared = share(b, a, "shift", "inner.halve")
    assert torch.equal(shared["shift"]["by"], a["shift"]["by"])
    assert torch.equal(shared["inner"]["halve"]["phase"], a["inner"]["halve"]["phase"])
    assert torch.equal(shared["inner"]["shift"]["by"], b["inner"]["shift"]["by"])
    assert shared["maybe"] is b["maybe"]
    assert not torch.equal(b["shift"]["by"], a["shift"]["by"]), "the parameters that were given were changed"


def test_share_of_everything_makes_the_views_equal(x, generator):
    views = nested()
    a, b = views.sample(x, generator), views.sample(x, generator)
    assert torch.equal(views.transform(x, share(b, a, *views.names)), views.transform(x, a))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("crop", "'crop'.*inner, maybe, same, shift"),
        ("inner.crop", "'crop'.*halve, shift"),
        ("shift.by.more", "no parts"),
    ],
)
def test_share_of_an_unknown_entry_is_an_error(x, generator, name, message):
    params = nested().sample(x, generator)
    with pytest.raises(ValueError, match=message):
        share(params, params, name)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"crop": torch.nn.ReLU()}, "ReLU, not a View"),
        ({"a.b": Identity()}, r"'a\.b'"),
        ({"keys": Identity()}, "'keys'"),
    ],
)
def test_bad_entries_of_compose_are_named(entries, message):
    with pytest.raises(ValueError, match=message):
        Compose(entries)


def test_an_unknown_entry_of_compose_lists_those_that_are_there():
    with pytest.raises(ValueError, match=r"'crop'.*shift, inner"):
        Compose(shift=Shift(), inner=Identity())["crop"]


def test_draws_are_in_their_ranges_and_shapes(generator):
    x = torch.zeros(5_000, 1)
    uniform = draw.uniform(x, 2.0, 3.0, generator, 2)
    assert uniform.shape == (5_000, 2)
    assert uniform.min() >= 2
    assert uniform.max() < 3
    integers = draw.integers(x, -1, 2, generator)
    assert integers.unique().tolist() == [-1, 0, 1]
    normal = draw.normal(x, generator, 3)
    assert normal.mean().item() == pytest.approx(0, abs=0.04)
    assert normal.std().item() == pytest.approx(1, abs=0.03)
    assert draw.bernoulli(x, 0.0, generator).sum() == 0
    assert draw.bernoulli(x, 1.0, generator).all()
