import math

import pytest
import torch
from torch.nn import functional as F

from viewlearn.losses import nt_xent, viewmaker_nt_xent

LOSSES = [nt_xent, viewmaker_nt_xent]
IDS = ["nt_xent", "viewmaker_nt_xent"]


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()))


def slow_nt_xent(z1, z2, temperature):
    z, n = [*z1, *z2], len(z1)
    total = 0.0
    for i in range(2 * n):
        others = [math.exp(cosine(z[i], z[j]) / temperature) for j in range(2 * n) if j != i]
        total -= math.log(math.exp(cosine(z[i], z[(i + n) % (2 * n)]) / temperature) / sum(others))
    return total / (2 * n)


def slow_viewmaker(z1, z2, temperature):
    n, total = len(z1), 0.0
    for i in range(n):
        everything = [math.exp(cosine(z1[i], z) / temperature) for z in [*z1, *z2]]
        total -= cosine(z1[i], z2[i]) / temperature - (math.log(sum(everything)) - math.log(2 * n))
    return total / n


def pair(generator, n=6, dim=4, dtype=torch.float64):
    return (torch.randn(n, dim, generator=generator, dtype=dtype).requires_grad_() for _ in range(2))


@pytest.mark.parametrize("loss, slow", [(nt_xent, slow_nt_xent), (viewmaker_nt_xent, slow_viewmaker)], ids=IDS)
@pytest.mark.parametrize("n", [2, 3, 8])
@pytest.mark.parametrize("dim", [1, 2, 16])
@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
def test_equals_a_slow_loop(loss, slow, n, dim, temperature, generator):
    z1, z2 = pair(generator, n, dim)
    assert loss(z1, z2, temperature).item() == pytest.approx(slow(z1.detach(), z2.detach(), temperature), rel=1e-10)


@pytest.mark.parametrize("n", [2, 5, 700])  # 700 pairs take several tiles
def test_equal_embeddings(n):
    z = torch.ones(n, 3, dtype=torch.float64)
    assert float(nt_xent(z, z, 0.1)) == pytest.approx(math.log(2 * n - 1))
    assert float(viewmaker_nt_xent(z, z, 0.1)) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("n", [2, 5])
def test_perfect_orthogonal_pairs(n):
    """Each sample on its own axis: similarity 1 to the positive, 0 to the 2n − 2 others."""
    z, e = torch.eye(n, dtype=torch.float64), math.exp(1 / 0.2)
    assert float(nt_xent(z, z, 0.2)) == pytest.approx(math.log((e + 2 * n - 2) / e))
    assert float(viewmaker_nt_xent(z, z, 0.2)) == pytest.approx(math.log((2 * e + 2 * n - 2) / (2 * n)) - 5)


def test_viewmaker_lower_bound():
    """At a low temperature the loss of separated pairs is −log N: only the anchor and its positive count."""
    z = torch.eye(8, dtype=torch.float64)
    assert float(viewmaker_nt_xent(z, z, 0.02)) == pytest.approx(-math.log(8))


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_order_scale_and_rotation_of_the_embeddings_do_not_matter(loss, generator):
    z1, z2 = pair(generator)
    value = loss(z1, z2, 0.3)
    order = torch.randperm(len(z1), generator=generator)
    torch.testing.assert_close(loss(z1[order], z2[order], 0.3), value)
    scale = torch.rand(len(z1), 1, generator=generator, dtype=torch.float64) + 0.1
    torch.testing.assert_close(loss(z1 * scale, z2 / scale, 0.3), value)
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=generator, dtype=torch.float64)).Q
    torch.testing.assert_close(loss(z1 @ rotation, z2 @ rotation, 0.3), value)


def test_only_nt_xent_is_symmetric(generator):
    z1, z2 = pair(generator)
    torch.testing.assert_close(nt_xent(z1, z2, 0.3), nt_xent(z2, z1, 0.3))
    assert not torch.isclose(viewmaker_nt_xent(z1, z2, 0.3), viewmaker_nt_xent(z2, z1, 0.3))


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_gradcheck(loss, generator):
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, 0.4), tuple(pair(generator, 4, 3)))


def test_gradient_equals_cross_entropy_on_dense_logits_over_many_tiles(generator):
    z1, z2 = pair(generator, 600, 8)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    logits = (z @ z.T / 0.1).fill_diagonal_(-math.inf)
    reference = F.cross_entropy(logits, torch.arange(1200).roll(600))
    ours = nt_xent(z1, z2, 0.1)
    torch.testing.assert_close(ours, reference)
    for mine, theirs in zip(torch.autograd.grad(ours, (z1, z2)), torch.autograd.grad(reference, (z1, z2)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-7, atol=1e-12)  # gradients are of the order of 1e-3


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_logits_are_float32_under_mixed_precision(loss, dtype, generator):
    z1, z2 = pair(generator, 16, 8, dtype)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(z1, z2, 0.07)
        value.backward()
    assert value.dtype == torch.float32
    assert z1.grad.dtype == dtype
    exact = loss(z1.detach().double(), z2.detach().double(), 0.07)
    # Logits up to 1/0.07 have roundings of 14 · 2⁻²⁴ ≈ 1e-6, a few of which add up in each; their mean has no more.
    torch.testing.assert_close(value.double(), exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_not_a_number_is_passed_on(loss):
    z = torch.eye(3)
    z[0, 0] = math.nan
    assert loss(z, torch.eye(3), 0.1).isnan()


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_bad_input_is_named(loss):
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(4, 2\)"):
        loss(torch.ones(3, 2), torch.ones(4, 2), 0.1)
    with pytest.raises(ValueError, match=r"\(3,\)"):
        loss(torch.ones(3), torch.ones(3), 0.1)
    with pytest.raises(ValueError, match="batch size is 1"):
        loss(torch.ones(1, 2), torch.ones(1, 2), 0.1)
    for temperature in (0, -0.1, 1e-3, math.nan):
        with pytest.raises(ValueError, match="temperature is"):
            loss(torch.ones(3, 2), torch.ones(3, 2), temperature)
