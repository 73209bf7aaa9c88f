import math

import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from theory import AutogradLoss, CovarianceContrast, InfoNCE, Spectral
from viewlearn import losses

LOSSES = [
    Spectral(),
    CovarianceContrast(push=0.7),
    InfoNCE(0.3),
    InfoNCE(0.07),
    InfoNCE(similarity="dot"),
    InfoNCE(0.5, candidates="both views"),
    InfoNCE(similarity="dot", candidates="both views"),
]


def embeddings(*shape, scale=1.0):
    generator = torch.Generator().manual_seed(1)
    return [scale * torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True) for _ in "12"]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("shape", [(7, 3), (2, 3, 6, 4), (40, 90, 2)])
def test_analytic_gradients_equal_autograd(loss, shape):
    z1, z2 = embeddings(*shape)
    expected = torch.autograd.grad(loss(z1, z2).sum(), (z1, z2))
    with torch.no_grad():
        found = loss.gradients(z1, z2)
    for ours, reference in zip(found, expected, strict=True):
        assert (ours - reference).abs().max() < 1e-10


CORE = [
    (Spectral(), lambda z1, z2: losses.spectral(z1, z2)),
    (InfoNCE(0.3), lambda z1, z2: losses.viewmaker_info_nce(z1, z2, z2, 0.3) + math.log(len(z2))),
    (
        InfoNCE(0.5, candidates="both views"),
        lambda z1, z2: losses.viewmaker_nt_xent(z1, z2, 0.5) + math.log(2 * len(z2)),
    ),
]


@pytest.mark.parametrize(("loss", "core"), CORE, ids=["spectral", "info_nce", "both views"])
def test_each_run_has_the_value_and_gradients_of_the_core(loss, core):
    z1, z2 = embeddings(2, 3, 8, 4)
    values = torch.stack([core(a, b) for a, b in zip(z1.flatten(0, 1), z2.flatten(0, 1), strict=True)])
    assert torch.allclose(loss(z1, z2).flatten(), values, rtol=1e-10)
    expected = torch.autograd.grad(values.sum(), (z1, z2))
    for ours, reference in zip(loss.gradients(z1, z2), expected, strict=True):
        assert (ours - reference).abs().max() < 1e-10


def test_large_logits_stay_finite():
    z1, z2 = embeddings(6, 3, scale=40.0)
    loss = InfoNCE(similarity="dot")
    expected = torch.autograd.grad(loss(z1, z2), (z1, z2))
    assert all(bool(torch.isfinite(gradient).all()) for gradient in expected)
    assert all(torch.allclose(a, b) for a, b in zip(loss.gradients(z1, z2), expected, strict=True))


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_info_nce_is_the_cross_entropy_of_finding_the_positive(similarity):
    z1, z2 = embeddings(9, 4)
    loss = InfoNCE(0.3 if similarity == "cosine" else None, similarity)
    points = (normalize(z1, dim=-1), normalize(z2, dim=-1)) if similarity == "cosine" else (z1, z2)
    expected = cross_entropy(points[0] @ points[1].mT / loss.temperature, torch.arange(9))
    assert torch.allclose(loss(z1, z2), expected)


def test_both_views_follow_a_loop():
    z1, z2 = embeddings(5, 3)
    n1, n2 = normalize(z1, dim=-1), normalize(z2, dim=-1)
    total = 0.0
    for i in range(5):
        below = sum(((n1[i] @ c) / 0.4).exp().item() for c in (*n1, *n2))
        total += math.log(below) - (n1[i] @ n2[i]).item() / 0.4
    assert math.isclose(InfoNCE(0.4, candidates="both views")(z1, z2).item(), total / 5, rel_tol=1e-12)


def test_spectral_follows_a_loop():
    z1, z2 = embeddings(5, 3)
    positive = sum((z1[i] @ z2[i]).item() for i in range(5)) / 5
    negative = sum((z1[i] @ z2[j]).item() ** 2 for i in range(5) for j in range(5) if i != j) / 20
    assert math.isclose(Spectral()(z1, z2).item(), -2 * positive + negative, rel_tol=1e-12)


@pytest.mark.parametrize("loss", [Spectral(weight_decay=0.3), CovarianceContrast(0.8, 0.5, 0.2)], ids=str)
def test_weight_gradients_equal_autograd(loss):
    weight = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    penalty = getattr(loss, "penalty", 0.0)
    value = 2 * loss.weight_decay * weight.square().sum() + penalty * (weight @ weight.mT).square().sum()
    assert torch.allclose(torch.autograd.grad(value, weight)[0], loss.weight_gradient(weight))


def test_any_function_becomes_a_loss():
    loss = AutogradLoss(InfoNCE(0.3).__call__)
    z1, z2 = embeddings(2, 3, 6, 4)
    assert torch.allclose(loss(z1, z2), InfoNCE(0.3)(z1, z2))
    for ours, analytic in zip(loss.gradients(z1, z2), InfoNCE(0.3).gradients(z1, z2), strict=True):
        assert torch.allclose(ours, analytic, atol=1e-12)


def test_a_loss_of_the_core_becomes_one_of_many_runs():
    z1, z2 = embeddings(2, 3, 6, 4)
    loss = AutogradLoss(losses.spectral)
    assert torch.equal(loss(z1, z2), Spectral()(z1, z2))
    for ours, analytic in zip(loss.gradients(z1, z2), Spectral().gradients(z1, z2), strict=True):
        assert torch.allclose(ours, analytic, atol=1e-12)


def test_a_temperature_under_a_dot_product_warns():
    with pytest.warns(UserWarning, match="only rescales"):
        InfoNCE(0.2, similarity="dot")


def test_invalid_losses_say_why():
    with pytest.raises(ValueError, match="temperature must be positive, not 0"):
        InfoNCE(0.0)
    with pytest.raises(ValueError, match="cosine or dot, not 'l2'"):
        InfoNCE(similarity="l2")
    with pytest.raises(ValueError, match="penalty must be positive"):
        CovarianceContrast(penalty=0.0)
