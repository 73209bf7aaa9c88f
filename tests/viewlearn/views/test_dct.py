import pytest
import scipy.fft
import torch

from viewlearn.views.viewmaker.dct import dct2, dct_matrix, idct2

SIZES = [(1, 1), (8, 8), (5, 12), (33, 7)]
# Two products of matrices of up to 33 rows, with entries up to about 5: 2 · 33 roundings of 5 · 2⁻²⁴ at most.
FLOAT32 = {"atol": 2e-5, "rtol": 0}


@pytest.mark.parametrize("size", [1, 2, 7, 64, 257])
def test_the_matrix_is_orthonormal(size):
    matrix = dct_matrix(size).double()  # two rows of length 1 whose entries were rounded to float32: 2 · 2⁻²⁴ at most
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(size, dtype=torch.float64), atol=1.3e-7, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_equals_scipy(size, generator):
    x = torch.randn(3, 2, *size, generator=generator)
    expected = torch.from_numpy(scipy.fft.dctn(x.numpy(), axes=(-2, -1), norm="ortho"))
    torch.testing.assert_close(dct2(x), expected, **FLOAT32)
    expected = torch.from_numpy(scipy.fft.idctn(x.numpy(), axes=(-2, -1), norm="ortho"))
    torch.testing.assert_close(idct2(x), expected, **FLOAT32)


@pytest.mark.parametrize("size", SIZES)
def test_inverts_and_keeps_the_norm(size, generator):
    x = torch.randn(3, 2, *size, generator=generator)
    torch.testing.assert_close(idct2(dct2(x)), x, **FLOAT32)
    torch.testing.assert_close(dct2(x).norm(), x.norm())


def test_a_constant_image_has_only_its_first_coefficient():
    coefficients = dct2(torch.full((1, 1, 6, 10), 0.5))
    expected = torch.zeros(1, 1, 6, 10)
    expected[..., 0, 0] = 0.5 * 60**0.5
    torch.testing.assert_close(coefficients, expected, **FLOAT32)


def test_stays_in_float32_under_autocast(generator):
    x = torch.randn(2, 3, 16, 16, generator=generator)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(dct2(x), dct2(x.clone()))
        torch.testing.assert_close(idct2(dct2(x)), x, **FLOAT32)
