import pytest
import torch
import torch.nn.functional as F

from viewlearn.views.learned.resize import average_matrix, cubic_matrix, linear_matrix, resized


@pytest.mark.parametrize("num_in", [16, 24, 32, 101])
def test_averages_are_torchs_where_parts_hold_whole_cells_and_exact_elsewhere(num_in):
    x = torch.rand(2, 3, num_in, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = resized(x, (16, 16), "average")
    torch.testing.assert_close(y.mean((2, 3)), x.mean((2, 3)), rtol=1e-6, atol=0)
    if num_in % 16 == 0:
        torch.testing.assert_close(y, F.adaptive_avg_pool2d(x, 16))
    fine = x.repeat_interleave(16, 2).unflatten(2, (16, num_in)).mean(3).unflatten(3, (16, 2)).mean(4)
    torch.testing.assert_close(y, fine, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("num_out", [8, 13, 32])
def test_linear_is_torchs(num_out):
    x = torch.rand(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(x, (num_out, 20), mode="bilinear")
    torch.testing.assert_close(resized(x, (num_out, 20), "linear"), expected, rtol=1e-6, atol=1e-6)


def test_cubic_makes_constants_and_lines_of_themselves():
    """A B-spline whose control values lie on a line is that line; a constant stays constant."""
    matrix = cubic_matrix(7, 32)
    assert (matrix >= 0).all()
    torch.testing.assert_close(matrix.sum(1), torch.ones(32))
    line = matrix @ torch.arange(7.0)
    torch.testing.assert_close(line.diff(), torch.full((31,), 4 / 32), rtol=1e-4, atol=0)


@pytest.mark.parametrize("make", [average_matrix, linear_matrix, cubic_matrix])
def test_weights_sum_to_one(make):
    for sizes in ((8, 8), (16, 5), (5, 16)):
        torch.testing.assert_close(make(*sizes).sum(1), torch.ones(sizes[1]))


def test_a_matrix_that_inference_mode_has_made_serves_training():
    with torch.inference_mode():
        resized(torch.rand(1, 1, 37, 37), (16, 16), "average")
    x = torch.rand(1, 1, 37, 37, requires_grad=True)
    resized(x, (16, 16), "average").square().sum().backward()
    assert x.grad.isfinite().all()
