import math

import pytest
import torch
from torch.nn import functional as F

from viewlearn.losses import info_nce, viewmaker_info_nce


def embeddings(generator, *sizes, dim=4):
    return tuple(torch.randn(n, dim, generator=generator, dtype=torch.float64).requires_grad_() for n in sizes)


@pytest.mark.parametrize("num_negatives", [1, 3, 20])
@pytest.mark.parametrize("temperature", [0.07, 0.2, 1.0])
def test_equals_a_slow_loop(num_negatives, temperature, generator):
    query, positive, negatives = embeddings(generator, 5, 5, num_negatives)
    qs, ks, ns = (F.normalize(x.detach()) for x in (query, positive, negatives))
    total = 0.0
    for q, k in zip(qs, ks, strict=True):
        e = math.exp(float(q @ k) / temperature)
        total -= math.log(e / (e + sum(math.exp(float(q @ n) / temperature) for n in ns)))
    assert info_nce(query, positive, negatives, temperature).item() == pytest.approx(total / 5, rel=1e-10)


def test_equals_cross_entropy_in_value_and_gradient(generator):
    inputs = embeddings(generator, 6, 6, 700)  # more than one tile of negatives
    query, positive, negatives = (F.normalize(x, dim=1) for x in inputs)
    logits = torch.cat([(query * positive).sum(1, keepdim=True), query @ negatives.T], 1) / 0.2
    reference = F.cross_entropy(logits, torch.zeros(6, dtype=torch.long))
    ours = info_nce(*inputs, 0.2)
    torch.testing.assert_close(ours, reference)
    torch.testing.assert_close(torch.autograd.grad(ours, inputs), torch.autograd.grad(reference, inputs))


def test_equal_embeddings():
    ones = torch.ones(7, 2, dtype=torch.float64)
    assert float(info_nce(ones[:3], ones[:3], ones, 0.1)) == pytest.approx(math.log(8))


def test_gradcheck(generator):
    assert torch.autograd.gradcheck(lambda q, k, n: info_nce(q, k, n, 0.5), embeddings(generator, 3, 3, 4, dim=3))


def test_float32_under_mixed_precision(generator):
    inputs = [x.detach().bfloat16() for x in embeddings(generator, 4, 4, 9)]
    with torch.autocast("cpu", torch.bfloat16):
        value = info_nce(*inputs, 0.07)
    assert value.dtype == torch.float32
    # Logits up to 1/0.07 have roundings of 14 · 2⁻²⁴ ≈ 1e-6, a few of which add up in each; their mean has no more.
    torch.testing.assert_close(value.double(), info_nce(*(x.double() for x in inputs), 0.07), rtol=0, atol=1e-5)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="3 dimensions and queries 2"):
        info_nce(torch.ones(4, 2), torch.ones(4, 2), torch.ones(5, 3), 0.1)
    with pytest.raises(ValueError, match=r"\(4, 2\) and \(5, 2\)"):
        info_nce(torch.ones(4, 2), torch.ones(5, 2), torch.ones(5, 2), 0.1)


def test_viewmaker_form_leaves_the_positive_out(generator):
    query, positive, negatives = (F.normalize(x.detach()) for x in embeddings(generator, 5, 5, 9))
    slow = 0.0
    for q, k in zip(query, positive, strict=True):
        mean = sum(math.exp(float(q @ n) / 0.07) for n in negatives) / 9
        slow += (math.log(mean) - float(q @ k) / 0.07) / 5
    assert float(viewmaker_info_nce(query, positive, negatives, 0.07)) == pytest.approx(slow, rel=1e-10)
    ones = torch.ones(7, 2, dtype=torch.float64)
    assert float(viewmaker_info_nce(ones[:3], ones[:3], ones, 0.1)) == pytest.approx(0, abs=1e-10)


def test_unit_negatives_change_nothing_for_unit_vectors(generator):
    query, positive, negatives = embeddings(generator, 4, 4, 9)
    unit = F.normalize(negatives, dim=1)
    for loss in (info_nce, viewmaker_info_nce):
        torch.testing.assert_close(
            loss(query, positive, unit, 0.2, unit_negatives=True), loss(query, positive, negatives, 0.2)
        )
