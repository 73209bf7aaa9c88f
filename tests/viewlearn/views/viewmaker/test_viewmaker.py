import copy

import pytest
import torch

from viewlearn.views import Compose, Identity, RandomApply, Viewmaker, reverse_gradient, select, share

VARIANTS = ["compact", "published"]


def small(variant="compact", **arguments) -> Viewmaker:
    torch.manual_seed(0)
    return Viewmaker(**{"channels": 3, "width": 8, "num_res_blocks": 2, "variant": variant, **arguments})


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [(32, 32), (5, 5), (7, 30), (33, 6), (64, 64)])
@pytest.mark.parametrize("domain", ["pixel", "dct"])
def test_any_rectangle_keeps_its_shape_and_the_budget(variant, size, domain, generator):
    viewmaker = small(variant, clamp=None, domain=domain, budget=0.2)
    x = torch.rand(3, 3, *size, generator=generator)
    params = viewmaker.sample(x, generator)
    view = viewmaker.transform(x, params)
    assert view.shape == x.shape
    difference = view - x
    if domain == "dct":
        from viewlearn.views.viewmaker.dct import dct2

        difference = dct2(difference)
    torch.testing.assert_close(difference.abs().mean((1, 2, 3)), torch.full((3,), 0.2), rtol=2e-3, atol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_noise_maps_are_the_parameters(variant, generator):
    viewmaker = small(variant)
    params = viewmaker.sample(torch.rand(2, 3, 32, 22), generator)
    assert {name: tuple(noise.shape) for name, noise in params.items()} == {
        "noise0": (2, 1, 32, 24), "noise1": (2, 1, 8, 6), "noise2": (2, 1, 8, 6),
    }  # fmt: skip
    assert all(noise.min() >= 0 and noise.max() < 1 for noise in params.values())


@pytest.mark.parametrize("variant", VARIANTS)
def test_contract_of_a_view(variant, generator):
    """Forward is transform of sample, transform is pure, and rows don't see each other."""
    viewmaker = small(variant).double()
    x = torch.rand(5, 3, 16, 12, generator=generator, dtype=torch.float64)
    before = copy.deepcopy(viewmaker.state_dict())
    view = viewmaker(x, generator.manual_seed(3))
    params = viewmaker.sample(x, generator.manual_seed(3))
    assert torch.equal(view, viewmaker.transform(x, params))
    assert torch.equal(view, viewmaker.transform(x, params))
    index = torch.tensor([4, 1])
    torch.testing.assert_close(viewmaker.transform(x[index], select(params, index)), view[index])
    assert all(torch.equal(value, before[name]) for name, value in viewmaker.state_dict().items())


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("noise", ["noise0", "noise1", "noise2"])
def test_every_noise_map_matters_and_only_for_its_sample(variant, noise, generator):
    viewmaker = small(variant).double()
    x = torch.rand(2, 3, 16, 16, generator=generator, dtype=torch.float64)
    params = viewmaker.sample(x, generator)
    other = viewmaker.sample(x, generator)
    mixed = {**params, noise: torch.cat([params[noise][:1], other[noise][1:]])}
    view, changed = viewmaker.transform(x, params), viewmaker.transform(x, mixed)
    torch.testing.assert_close(view[0], changed[0])
    assert (view[1] - changed[1]).abs().max() > 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
def test_clamps_only_when_asked(variant, generator):
    x = torch.rand(4, 3, 16, 16, generator=generator).round()
    for clamp in [(0.0, 1.0), (0.25, 0.5), None]:
        viewmaker = small(variant, clamp=clamp, budget=0.3)
        view = viewmaker(x, generator)
        low, high = clamp or (-torch.inf, torch.inf)
        assert view.min() >= low
        assert view.max() <= high
    assert view.min() < 0


@pytest.mark.parametrize("downsample", [2, 3])
def test_downsampling_keeps_shape_and_budget(downsample, generator):
    viewmaker = small(downsample=downsample, clamp=None)
    x = torch.rand(2, 3, 40, 32, generator=generator)
    params = viewmaker.sample(x, generator)
    assert params["noise0"].shape[-1] == {2: 16, 3: 12}[downsample]
    torch.testing.assert_close(
        viewmaker.perturbation(x, params).abs().mean((1, 2, 3)), torch.full((2,), 0.05), rtol=2e-3, atol=0
    )


def test_the_budget_may_be_annealed_and_scales_the_perturbation(generator):
    viewmaker = small(budget=0.1)
    x = torch.rand(2, 3, 16, 16, generator=generator)
    params = viewmaker.sample(x, generator)
    delta = viewmaker.perturbation(x, params)
    viewmaker.budget = 0.025
    assert viewmaker.budget == 0.025
    torch.testing.assert_close(viewmaker.perturbation(x, params), delta / 4)
    with pytest.raises(ValueError, match=r"-0\.1"):
        viewmaker.budget = -0.1


def test_annealing_between_forward_and_backward_doesn_t_disturb_the_gradient(generator):
    viewmaker = small()
    x = torch.rand(2, 3, 8, 8, generator=generator)
    delta = viewmaker.perturbation(x, viewmaker.sample(x, generator))
    viewmaker.budget = 1.0
    delta.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in viewmaker.parameters())


def test_first_perturbations_of_the_compact_network_are_smooth(generator):
    """The 2×2 pixels of a place start alike."""
    viewmaker = Viewmaker(channels=3, clamp=None).double()
    x = torch.rand(4, 3, 32, 32, generator=generator, dtype=torch.float64)
    delta = viewmaker.perturbation(x, viewmaker.sample(x, generator)).unflatten(2, (-1, 2)).unflatten(4, (-1, 2))
    torch.testing.assert_close(delta, delta[:, :, :, :1, :, :1].expand_as(delta))


def test_the_budget_is_no_weight():
    assert set(small().state_dict()) == {name for name, _ in small().named_parameters()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_weight_gets_a_gradient(variant, generator):
    viewmaker = small(variant)
    x = torch.rand(2, 3, 16, 16, generator=generator)
    viewmaker(x, generator).square().sum().backward()
    for name, parameter in viewmaker.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("variant", VARIANTS)
def test_bfloat16_autocast_is_close_to_float32(variant, generator):
    viewmaker = small(variant, clamp=None)
    x = torch.rand(4, 3, 16, 20, generator=generator)
    params = viewmaker.sample(x, generator)
    exact = viewmaker.transform(x, params)
    gradient = torch.autograd.grad(exact.pow(2).sum(), viewmaker.parameters())
    with torch.autocast("cpu", torch.bfloat16):
        view = viewmaker.transform(x, params)
    assert view.dtype == torch.float32
    assert (view - exact).abs().mean() < 0.1 * 0.05
    torch.testing.assert_close((view - x).abs().mean((1, 2, 3)), torch.full((4,), 0.05), rtol=2e-3, atol=0)
    rough = torch.autograd.grad(view.pow(2).sum(), viewmaker.parameters())
    cosine = torch.cosine_similarity(*(torch.cat([g.flatten() for g in gs]) for gs in (gradient, rough)), dim=0)
    assert cosine > 0.95


def test_learns_to_increase_a_loss_through_reversed_gradients(generator):
    """Descending a reversed mean of the view makes it brighter."""
    viewmaker = small(clamp=None)
    x = torch.rand(8, 3, 16, 16, generator=generator)
    optimizer = torch.optim.Adam(viewmaker.parameters(), 3e-3)
    for _ in range(15):
        loss = reverse_gradient(viewmaker(x, generator)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (viewmaker(x, generator) - x).mean() > 0.8 * viewmaker.budget


def test_is_one_entry_among_others(generator):
    views = Compose(first=Identity(), viewmaker=small(), again=RandomApply(small(), 0.5))
    x = torch.rand(6, 3, 16, 16, generator=generator)
    a, b = views.sample(x, generator), views.sample(x, generator)
    shared = share(b, a, "viewmaker.noise0")
    assert torch.equal(shared["viewmaker"]["noise0"], a["viewmaker"]["noise0"])
    assert torch.equal(shared["viewmaker"]["noise1"], b["viewmaker"]["noise1"])
    assert views.transform(x, shared).shape == x.shape
    assert views["viewmaker"].budget == 0.05


@pytest.mark.slow
def test_compiles_to_one_graph_that_an_annealed_budget_doesn_t_compile_anew(generator):
    viewmaker = small("published").double()
    x = torch.rand(2, 3, 16, 16, generator=generator, dtype=torch.float64)
    params = viewmaker.sample(x, generator)
    compiled = torch.compile(viewmaker.transform, backend="aot_eager", fullgraph=True)
    compiled(x, params).square().sum().backward()
    found = [parameter.grad.clone() for parameter in viewmaker.parameters()]
    viewmaker.zero_grad()
    viewmaker.transform(x, params).square().sum().backward()
    for gradient, parameter in zip(found, viewmaker.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad)
    with torch._dynamo.config.patch(error_on_recompile=True):
        for budget in (0.1, 0.02):
            viewmaker.budget = budget
            torch.testing.assert_close(compiled(x, params), viewmaker.transform(x, params))


@pytest.mark.skipif(not torch.accelerator.is_available(), reason="needs an accelerator")
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_an_accelerator_makes_the_same_views_and_gradients(variant, precision, generator):
    device = torch.accelerator.current_accelerator()
    viewmaker = small(variant, clamp=None)
    x = torch.rand(4, 3, 16, 20, generator=generator)
    params = viewmaker.sample(x, generator)
    expected = viewmaker.transform(x, params)
    gradients = torch.autograd.grad(expected.square().sum(), viewmaker.parameters())
    elsewhere = copy.deepcopy(viewmaker).to(device)
    moved = {name: value.to(device) for name, value in params.items()}
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == torch.bfloat16):
        view = elsewhere.transform(x.to(device), moved)
    found = torch.autograd.grad(view.square().sum(), elsewhere.parameters())
    exact = precision == torch.float32
    assert (view.cpu() - expected).abs().mean() < (1e-3 if exact else 0.1) * viewmaker.budget
    joined = (torch.cat([g.flatten().cpu() for g in gs]) for gs in (gradients, found))
    assert torch.cosine_similarity(*joined, dim=0) > (0.999 if exact else 0.95)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0.0}, r"0\.0"),
        ({"budget": -1.0}, r"-1\.0"),
        ({"budget": float("nan")}, "nan"),
        ({"channels": None}, "channels"),
        ({"clamp": (1.0, 0.0)}, "smallest, largest"),
        ({"clamp": (0.5, 0.5)}, "interval"),
        ({"clamp": (1.0, 2.0), "value_range": (0.0, 1.0)}, "values in common with the data"),
        ({"domain": "fourier"}, "'fourier'"),
        ({"variant": "fast"}, "'compact', 'published'"),
        ({"width": 0}, "width is 0"),
        ({"num_res_blocks": -1}, "num_res_blocks is -1"),
        ({"downsample": 0}, "downsample is 0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)


@pytest.mark.parametrize("shape", [(2, 1, 16, 16), (2, 3, 16), (2, 3, 4, 16), (3, 16, 16)])
def test_bad_inputs_are_named(shape):
    with pytest.raises(ValueError, match=str(shape).strip("()")):
        small()(torch.rand(shape))
