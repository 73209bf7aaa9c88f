import math

import pytest
import torch
from torch.nn import functional as F

from viewlearn.losses.logsumexp import logsumexp_self_similarity, logsumexp_similarity


def unit_vectors(generator, n, dim=5, dtype=torch.float64):
    return F.normalize(torch.randn(n, dim, generator=generator, dtype=dtype), dim=1)


def dense(rows, columns, temperature, exclude=None):
    logits = rows @ columns.T / temperature
    if exclude is not None:
        logits.diagonal(exclude).fill_(-math.inf)
    return logits.logsumexp(1)


@pytest.mark.parametrize("tile", [1, 3, 4, 7, 8, 100])
@pytest.mark.parametrize("exclude", [None, 0, 2, 4])
def test_rectangle_equals_the_dense_matrix(generator, tile, exclude):
    rows = unit_vectors(generator, 7).requires_grad_()
    columns = unit_vectors(generator, 11).requires_grad_()
    ours = logsumexp_similarity(rows, columns, 0.3, exclude, tile)
    reference = dense(rows, columns, 0.3, exclude)
    torch.testing.assert_close(ours, reference)
    upstream = torch.randn(7, generator=generator, dtype=torch.float64)
    for mine, theirs in zip(
        torch.autograd.grad(ours, (rows, columns), upstream),
        torch.autograd.grad(reference, (rows, columns), upstream),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("tile", [1, 2, 3, 5, 6, 7, 100])
@pytest.mark.parametrize("n", [2, 6, 7])
def test_triangle_equals_the_dense_matrix(generator, tile, n):
    z = unit_vectors(generator, n).requires_grad_()
    ours, reference = logsumexp_self_similarity(z, 0.2, tile), dense(z, z, 0.2, exclude=0)
    torch.testing.assert_close(ours, reference)
    upstream = torch.randn(n, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(torch.autograd.grad(ours, z, upstream), torch.autograd.grad(reference, z, upstream))


def test_gradcheck(generator):
    rows, columns = (unit_vectors(generator, n, 3).requires_grad_() for n in (3, 5))
    assert torch.autograd.gradcheck(lambda x, y: logsumexp_similarity(x, y, 0.5, 1, tile=2), (rows, columns))
    assert torch.autograd.gradcheck(lambda x: logsumexp_self_similarity(x, 0.5, tile=2), (columns,))


def test_columns_without_gradient_get_none(generator):
    rows, columns = unit_vectors(generator, 3).requires_grad_(), unit_vectors(generator, 4)
    logsumexp_similarity(rows, columns, 0.5).sum().backward()
    assert rows.grad is not None
    assert columns.grad is None


@pytest.mark.parametrize("temperature", [0.002, 0.01, 1 / 51, 1 / 49, 0.05, 1.0, 100.0])
def test_no_overflow_at_any_temperature(generator, temperature):
    """Equal and opposite vectors reach the largest and the smallest logit there is.

    Where the sums are float32's (T ≥ 1/50), logits of 5 terms and size 1/T have errors of 5 · 2⁻²⁴ / T = 3e-7 / T at
    most; exponentials and sums of 5 of them add as much for a logit of 1. The gradient multiplies probabilities of that
    relative error by 1/T.
    """
    rounding = 5e-7 * (1 + 1 / temperature)
    a = unit_vectors(generator, 1, dtype=torch.float32)
    z = torch.cat([a, a, -a, unit_vectors(generator, 3, dtype=torch.float32)]).requires_grad_()
    only_opposite = logsumexp_similarity(z[:1], z[2:3], temperature)
    torch.testing.assert_close(only_opposite, torch.tensor([-1 / temperature]), rtol=2e-6, atol=rounding)
    ours = logsumexp_self_similarity(z, temperature)
    assert ours.dtype == torch.float32
    z64 = z.detach().double().requires_grad_()
    reference = dense(z64, z64, temperature, exclude=0)
    torch.testing.assert_close(ours.double(), reference, rtol=2e-6, atol=rounding)
    (gradient,), (expected,) = torch.autograd.grad(ours.sum(), z), torch.autograd.grad(reference.sum(), z64)
    torch.testing.assert_close(gradient.double(), expected, rtol=1e-4, atol=rounding / temperature)
