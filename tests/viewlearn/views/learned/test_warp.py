import pytest
import torch

from viewlearn.views import LearnedWarp
from viewlearn.views.learned.warp import jacobian, shifted_to, slope


def images(batch=4, height=32, width=32):
    coarse = torch.rand(batch, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")


def warp(**arguments) -> LearnedWarp:
    torch.manual_seed(0)
    return LearnedWarp(**{"channels": 3, "width": 4, **arguments})


def with_field(view, x, down, right):
    field = torch.stack([torch.full(x.shape[-2:], float(down)), torch.full(x.shape[-2:], float(right))])
    return view.act(x, {"field": field.expand(len(x), -1, -1, -1)})


def test_the_field_says_where_x_is_read():
    x = images()
    view = warp()
    torch.testing.assert_close(with_field(view, x, 0, 0), x)
    torch.testing.assert_close(with_field(view, x, 2, 0)[:, :, :-2], x[:, :, 2:])
    torch.testing.assert_close(with_field(view, x, 0, -3)[..., 3:], x[..., :-3])
    torch.testing.assert_close(with_field(view, x, 2, 0)[:, :, -1], x[:, :, -1])  # the nearest pixel outside
    half = (x[..., 1:] + x[..., :-1]) / 2
    torch.testing.assert_close(with_field(view, x, 0, 0.5)[..., :-1], half)


@pytest.mark.parametrize("budget", [1.0, 6.0])
@pytest.mark.parametrize("part", ["both", "smooth", "affine"])
def test_no_weights_fold_the_field(budget, part, generator):
    """However large the weights: the budget is met, and the Jacobian is positive."""
    view = warp(budget=budget, part=part)
    x = images(16)
    for scale in (1.0, 30.0, 1000.0):
        with torch.no_grad():
            for name, parameter in view.network.named_parameters():
                if name.startswith(("maps", "numbers")):
                    parameter.normal_(generator=generator).mul_(scale)
        field = view.resolve(x, view.sample(x, generator))["field"]
        torch.testing.assert_close(field.norm(dim=1).mean((1, 2)), torch.full((16,), budget), rtol=0.02, atol=0)
        assert slope(field).max() < 0.91
        assert jacobian(field).min() > 0


def test_the_jacobian_stays_positive_while_the_view_plays_to_fold(generator):
    view = warp()
    x = images(8)
    optimizer = torch.optim.Adam(view.parameters(), 1e-2)
    for _ in range(30):
        field = view.resolve(x, view.sample(x, generator))["field"]
        assert jacobian(field.detach()).min() > 0
        optimizer.zero_grad()
        jacobian(field).amin((1, 2)).sum().backward()
        optimizer.step()
    assert jacobian(field).amin((1, 2)).mean() < 0.9  # it did try


def test_the_slope_is_the_largest_singular_value(generator):
    field = torch.randn(3, 2, 5, 6, generator=generator, dtype=torch.float64)
    by_row, by_column = field.diff(dim=2)[..., :-1], field.diff(dim=3)[..., :-1, :]
    matrices = torch.stack([by_row, by_column], dim=-1).permute(0, 2, 3, 1, 4)
    torch.testing.assert_close(slope(field), torch.linalg.svdvals(matrices)[..., 0].amax((1, 2)))
    one = torch.eye(2, dtype=torch.float64) + matrices
    torch.testing.assert_close(jacobian(field), torch.linalg.det(one))


def test_a_shift_makes_up_the_distance_and_has_its_gradient(generator):
    field = torch.randn(4, 2, 5, 6, generator=generator, dtype=torch.float64)
    field[3] -= field[3].mean((1, 2), keepdim=True)  # no mean displacement
    length = torch.tensor(3.0, dtype=torch.float64)
    shifted = shifted_to(field, length, along=0)
    torch.testing.assert_close(shifted.norm(dim=1).mean((1, 2)), torch.full((4,), 3.0).double(), rtol=1e-6, atol=0)
    moves = shifted - field
    torch.testing.assert_close(moves, moves.mean((2, 3), keepdim=True).expand_as(moves))
    fixed = field.clone().requires_grad_()  # however the field changes, the length stays
    by_field = torch.autograd.grad(shifted_to(fixed, length, 0).norm(dim=1).mean(), fixed)[0]
    assert by_field.abs().max() < 1e-2 * (1 / 120)


@pytest.mark.parametrize(("direction", "still"), [("rows", 1), ("columns", 0)])
def test_a_direction_is_kept_to(direction, still, generator):
    view = warp(direction=direction, budget=2.0)
    x = images(4, 16, 24)
    field = view.resolve(x, view.sample(x, generator))["field"]
    assert (field[:, still] == 0).all()
    torch.testing.assert_close(field.norm(dim=1).mean((1, 2)), torch.full((4,), 2.0), rtol=0.02, atol=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"budget": 0.0}, r"0\.0"), ({"part": "spline"}, "'spline'"), ({"direction": "up"}, "'up'")],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        warp(**arguments)
