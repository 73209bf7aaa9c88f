import pytest
import torch

from viewlearn.losses import spectral


@pytest.mark.parametrize("n, dim", [(2, 1), (3, 5), (9, 4)])
def test_equals_a_slow_loop(n, dim, generator):
    z1, z2 = (torch.randn(n, dim, generator=generator, dtype=torch.float64) for _ in range(2))
    positive = sum(float(z1[i] @ z2[i]) for i in range(n)) / n
    other = sum(float(z1[i] @ z2[j]) ** 2 for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    assert float(spectral(z1, z2)) == pytest.approx(-2 * positive + other, rel=1e-10)


def test_closed_form_of_orthogonal_pairs():
    """z = c·e_i: positives c², all other products 0."""
    z = 3 * torch.eye(4)
    assert float(spectral(z, z)) == -18


def test_its_minimum_over_the_scale_of_equal_embeddings():
    """For z = c in one dimension L = −2c² + c⁴, least at c = 1."""
    c = torch.ones(5, 1, dtype=torch.float64, requires_grad=True)
    value = spectral(c, c)
    value.backward()
    assert value.item() == -1
    torch.testing.assert_close(c.grad, torch.zeros(5, 1, dtype=torch.float64))


def test_gradcheck(generator):
    pair = tuple(torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(spectral, pair)


def test_float32_under_mixed_precision(generator):
    z = torch.randn(6, 4, generator=generator).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        value = spectral(z, z)
    assert value.dtype == torch.float32
    # Products of bfloat16 numbers are exact in float32: the loss is a sum of less than 100 of them, each below 10,
    # and 100 roundings of 2⁻²⁴ of 10 are 6e-5.
    torch.testing.assert_close(value.double(), spectral(z.double(), z.double()), rtol=0, atol=6e-5)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="batch size is 1"):
        spectral(torch.ones(1, 2), torch.ones(1, 2))
    with pytest.raises(ValueError, match=r"\(3, 2\), \(2, 2\)"):
        spectral(torch.ones(3, 2), torch.ones(2, 2))
