import pytest
import torch

from viewlearn.views import LearnedFilter
from viewlearn.views.viewmaker.dct import dct2


def images(batch=4, size=16):
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(1))


def learned(**arguments) -> LearnedFilter:
    torch.manual_seed(0)
    return LearnedFilter(**{"channels": 3, "width": 4, "clamp": None, **arguments})


def test_equals_a_loop_over_samples(generator):
    view, x = learned().double(), images().double()
    params = view.sample(x, generator)
    resolved = view.resolve(x, params)
    for i, (one, seen) in enumerate(zip(x, view.transform(x, params), strict=True)):
        colors = torch.einsum("ij,jhw->ihw", resolved["mixing"][i], one) + resolved["shift"][i][:, None, None]
        spectrum = dct2(one) * resolved["gain"][i]
        torch.testing.assert_close(dct2(seen - one - colors), spectrum, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("part", ["both", "color", "kernel"])
def test_a_filter_is_linear(part, generator):
    """The same decision, carried out on sums of inputs, is the sum: scaling to the budget left it a filter."""
    view, x = learned(part=part).double(), images().double()
    resolved = view.resolve(x, view.sample(x, generator))
    other = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    both = view.act(x + other, resolved) + view.act(torch.zeros_like(x), resolved)
    torch.testing.assert_close(view.act(x, resolved) + view.act(other, resolved), both)


def test_color_treats_all_pixels_alike_and_the_kernel_all_channels(generator):
    x = images()
    color, kernel = learned(part="color"), learned(part="kernel")
    shuffled = x.flip(2).roll(3, 3)
    resolved = color.resolve(x, color.sample(x, generator))
    torch.testing.assert_close(color.act(shuffled, resolved), color.act(x, resolved).flip(2).roll(3, 3))
    resolved = kernel.resolve(x, kernel.sample(x, generator))
    torch.testing.assert_close(kernel.act(x.flip(1), resolved), kernel.act(x, resolved).flip(1))
    torch.testing.assert_close(kernel.act(x, resolved).mean((2, 3)), x.mean((2, 3)))  # nothing for the mean
    torch.testing.assert_close(kernel.act(x.flip(3), resolved), kernel.act(x, resolved).flip(3))  # nothing moves


def test_clamps_if_asked(generator):
    view = learned(budget=0.5, clamp="data", value_range=(0.0, 1.0))
    x = images()
    y = view(x, generator)
    assert y.min() >= 0 and y.max() <= 1 and (y == 1).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": -0.1}, r"-0\.1"),
        ({"part": "hue"}, "'hue'"),
        ({"clamp": (1.0, 0.0)}, "smallest, largest"),
        ({"channels": None}, "channels"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        learned(**arguments)
