"""What every learned view owes: the contract of views, its budget on data that it never saw, and finite gradients."""

import pytest
import torch

from viewlearn.views import (
    Compose,
    LearnedFilter,
    LearnedMask,
    LearnedWarp,
    RandomApply,
    Tilted,
    Viewmaker,
    map_params,
    select,
    share,
)
from vision import ColorJitter

COLORS = {"channels": 3, "value_range": (0.0, 1.0)}
JITTER = ColorJitter(0.4, 0.4, 0.4, 0.1)
TILTED = {"view": JITTER, "play": "network", "width": 4, "channels": 3, "size": (16, 20)}
STATISTICS = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.2)}
VIEWS = {
    "viewmaker": lambda: Viewmaker(width=4, num_res_blocks=1, clamp=None, **COLORS),
    "mask": lambda: LearnedMask(width=4, **COLORS, **STATISTICS),
    "masks": lambda: LearnedMask(
        0.1, num_masks=3, fill="noise", diversity=1.0, smoothness=0.1, width=4, **COLORS, **STATISTICS
    ),
    "filter": lambda: LearnedFilter(width=4, clamp=None, **COLORS),
    "color": lambda: LearnedFilter(part="color", width=4, clamp=None, **COLORS),
    "kernel": lambda: LearnedFilter(0.02, part="kernel", width=4, clamp=None, **COLORS),
    "warp": lambda: LearnedWarp(width=4, channels=3),
    "affine": lambda: LearnedWarp(1.5, part="affine", width=4, channels=3),
    "smooth": lambda: LearnedWarp(part="smooth", direction="columns", width=4, channels=3),
    "tilted": lambda: Tilted(**TILTED),
    "mask_sample": lambda: LearnedMask(fill="sample", width=4, **COLORS),
}
TAKES_OTHER_SAMPLES = ("mask_sample",)


@pytest.fixture(params=VIEWS)
def name(request):
    return request.param


@pytest.fixture
def view(name):
    torch.manual_seed(0)
    return VIEWS[name]()


def images(batch=4, height=16, width=20, dtype=torch.float32, seed=1):
    """Smooth random images, as photographs are."""
    coarse = torch.rand(batch, 3, 5, 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear").to(dtype)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def leaves(params):
    for value in params.values():
        yield from leaves(value) if isinstance(value, dict) else [value]


def spent(view, x, params):
    """The budget that each sample takes, measured from outside where that can be."""
    if isinstance(view, LearnedMask):
        return view.resolve(x, params)["mask"].mean((1, 2, 3))
    if isinstance(view, LearnedWarp):
        return view.resolve(x, params)["field"].norm(dim=1).mean((1, 2))
    if isinstance(view, Tilted):
        return view.resolve(x, params)["kl"].sum(1)
    return (view.transform(x, params) - x).abs().mean((1, 2, 3))


def test_a_draw_replays(view):
    x = images()
    params = view.sample(x, seeded(5))
    first, again, other = view(x, seeded(5)), view.transform(x, params), view(x, seeded(6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == view.like(x).shape == x.shape


def test_what_is_resolved_is_what_is_applied(view):
    x = images()
    params = view.sample(x, seeded())
    resolved = view.resolve(x, params)
    assert all(len(value) == len(x) for value in leaves(resolved))
    assert torch.equal(view.act(x, resolved), view.transform(x, params))
    seen, decisions = view.observe(x, params)
    assert torch.equal(seen, view.transform(x, params))
    assert decisions[""].x is x and decisions[""].view is seen


def test_sample_reads_no_values_and_draws_for_each_sample(view):
    x = images()
    params, blind = view.sample(x, seeded(3)), view.sample(torch.full_like(x, float("nan")), seeded(3))
    for value, other in zip(leaves(params), leaves(blind), strict=True):
        assert torch.equal(value, other)
        assert len(value) == len(x)


def test_rows_are_independent_and_nothing_is_written(name, view):
    view, x = view.double(), images(6, dtype=torch.float64)
    params = view.sample(x, seeded())
    kept, state = x.clone(), map_params(torch.clone, dict(view.state_dict()))
    whole = view.transform(x, params)
    assert torch.equal(x, kept)
    assert all(torch.equal(value, state[key]) for key, value in view.state_dict().items())
    if name not in TAKES_OTHER_SAMPLES:
        for rows in (slice(0, 1), torch.tensor([4, 1])):
            torch.testing.assert_close(view.transform(x[rows], select(params, rows)), whole[rows])


@pytest.mark.parametrize("size", [(32, 32), (9, 40), (64, 24), (5, 5)])
def test_the_budget_holds_on_unseen_data(view, size):
    for x in (
        images(3, *size, seed=7),
        torch.rand(3, 3, *size, generator=seeded(2)).round(),
        -2 + 5 * images(3, *size),
    ):
        params = view.sample(x, seeded(1))
        found = spent(view, x, params)
        torch.testing.assert_close(found, torch.full_like(found, view.budget), rtol=0.02, atol=0)


def test_the_budget_may_be_changed_at_any_time(view):
    x = images()
    params = view.sample(x, seeded())
    before = view.transform(x, params)
    view.budget = view.budget / 2
    before.square().sum().backward()  # which still needs the budget that it was made with
    found = spent(view, x, params)
    torch.testing.assert_close(found, torch.full_like(found, view.budget), rtol=0.02, atol=0)
    with pytest.raises(ValueError, match=r"-0\.1"):
        view.budget = -0.1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_inputs_have_finite_views_and_gradients(view, value):
    x = torch.full((3, 3, 16, 16), value, requires_grad=True)
    y = view(x, seeded())
    y.square().sum().backward()
    assert y.isfinite().all() and x.grad.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in view.parameters())


def test_every_weight_learns(view):
    x = images()
    params = view.sample(x, seeded())
    y, decisions = view.observe(x, params)
    (y * torch.randn(y.shape, generator=seeded(2))).sum().backward()
    for key, parameter in view.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key
    assert all(value.isfinite() and not value.requires_grad for value in view.measure(decisions[""]).values())


def test_the_noise_decides(view):
    """Two draws of one image decide differently, and by more than rounding."""
    x = images(1).expand(8, -1, -1, -1)
    resolved = view.resolve(x, view.sample(x, seeded()))
    spreads = [
        value.std(0).mean() / (value.abs().mean() + 1e-9) for value in leaves(resolved) if value.is_floating_point()
    ]
    assert max(spreads) > 0.01


def test_bfloat16_is_near(name, view):
    x = images(8)
    params = view.sample(x, seeded())
    exact = view.transform(x, params)
    direction = torch.randn(exact.shape, generator=seeded(3))
    gradient = torch.autograd.grad((exact * direction).sum(), tuple(view.parameters()))
    with torch.autocast("cpu", torch.bfloat16):
        view_ = view.transform(x, params)
        found = spent(view, x, params)
    assert view_.dtype == torch.float32
    assert (view_ - exact).abs().mean() < 0.2 * (exact - x).abs().mean()
    torch.testing.assert_close(found, torch.full_like(found, view.budget), rtol=0.02, atol=0)
    rough = torch.autograd.grad((view_ * direction).sum(), tuple(view.parameters()))
    cosine = torch.cosine_similarity(*(torch.cat([g.flatten() for g in gs]) for gs in (gradient, rough)), dim=0)
    assert cosine > 0.9
    whole = view.bfloat16().transform(x.bfloat16(), params)
    assert whole.dtype == torch.bfloat16 and whole.isfinite().all()


def test_the_gradient_is_the_slope(view):
    """Along a random direction in the weights, by a difference quotient in float64: normalization and all."""
    view, x = view.double(), images(2, 12, 12, dtype=torch.float64)
    if isinstance(view, LearnedWarp):
        view.budget = 0.2  # where the bound on its slope, whose own gradient isn't taken, is out of reach
    params = map_params(lambda value: value.double() if value.is_floating_point() else value, view.sample(x, seeded()))
    direction = torch.randn(x.shape, generator=seeded(1), dtype=torch.float64)
    loss = (view.transform(x, params) * direction).sum()
    gradients = torch.autograd.grad(loss, tuple(view.parameters()))
    slope = sum(g.square().sum() for g in gradients)
    ends = []
    step = 1e-6 / slope.sqrt()
    for sign in (1, -2):
        with torch.no_grad():
            for p, g in zip(view.parameters(), gradients, strict=True):
                p.add_(sign * step * g)
            ends.append((view.transform(x, params) * direction).sum())
    torch.testing.assert_close((ends[0] - ends[1]) / (2 * step), slope, rtol=1e-4, atol=0)


def test_is_one_entry_among_others(view):
    views = Compose(first=view, some=RandomApply(view, 0.5))
    x = images(6)
    a, b = views.sample(x, seeded(0)), views.sample(x, seeded(1))
    shared = share(b, a, "first")
    torch.testing.assert_close(views["first"].transform(x, shared["first"]), view.transform(x, a["first"]))
    assert view.same(shared["first"], a["first"]).all() and not view.same(b["first"], a["first"]).any()
    assert views.transform(x, shared).shape == x.shape
    assert set(views.observe(x, shared)[1]) == {"first", "some"}


def test_wrong_inputs_are_named(view):
    for x in (images()[:, :2], images()[0]):
        with pytest.raises(ValueError, match="was built for"):
            view.sample(x, seeded())


def test_automatic_budgets_start_low_and_are_saved(name):
    torch.manual_seed(0)
    fixed, automatic = VIEWS[name](), VIEWS[name]()
    arguments = TILTED if name == "tilted" else {"channels": 3}
    automatic = type(automatic)(budget="auto", **arguments)
    assert automatic.automatic and not fixed.automatic
    assert automatic.budget == pytest.approx(automatic.usual / 4)
    assert "_budget" in automatic.state_dict() and "_budget" not in fixed.state_dict()
