"""Measures without labels, against closed forms and slow loops."""

import math

import pytest
import torch

from viewlearn.evaluation.geometry import alignment, alpha_req, lidar, rankme, spread, uniformity


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("rank", [1, 3, 8])
def test_rankme_counts_equal_directions(rank):
    """Orthonormal rows in so many directions: all singular values are equal."""
    basis = torch.linalg.qr(normal(8, 8))[0][:rank]
    assert rankme(basis.repeat(5, 1)) == pytest.approx(rank, rel=1e-4)
    assert rankme(1e3 * basis.repeat(5, 1)) == pytest.approx(rank, rel=1e-4)


def test_rankme_is_its_equation():
    features = normal(20, 6)
    values = [math.sqrt(value) for value in torch.linalg.eigvalsh(features.T @ features).tolist()]
    parts = [value / sum(values) + 1e-7 for value in values]
    assert rankme(features.float()) == pytest.approx(math.exp(-sum(p * math.log(p) for p in parts)), rel=1e-5)
    assert rankme(torch.zeros(4, 3)) == 1


def test_lidar_is_its_equation():
    views = normal(12, 3, 4) * torch.tensor([1.0, 0.5, 2.0, 1.0]) + 2 * normal(12, 1, 4, seed=1)
    within, means = torch.zeros(4, 4, dtype=torch.float64), views.mean(1)
    for sample, mean in zip(views, means, strict=True):
        for view in sample:
            within += torch.outer(view - mean, view - mean) / 36
    between = sum(torch.outer(mean - means.mean(0), mean - means.mean(0)) for mean in means)
    values, vectors = torch.linalg.eigh(within + 1e-4 * torch.eye(4))
    root = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    eigenvalues = torch.linalg.eigvalsh(root @ between @ root)
    parts = [value / eigenvalues.sum().item() + 1e-7 for value in eigenvalues.tolist()]
    assert lidar(views) == pytest.approx(math.exp(-sum(p * math.log(p) for p in parts)), rel=1e-6)


def test_lidar_does_not_count_what_views_change():
    """A direction in which views of a sample differ as much as samples do says little of the sample."""
    signal, noise = normal(200, 1, 3), normal(200, 4, 3, seed=1)
    assert lidar(torch.cat([signal.expand(-1, 4, -1), 0 * noise], dim=2)) == pytest.approx(3, rel=0.02)
    assert lidar(torch.cat([signal.expand(-1, 4, -1), noise], dim=2)) == pytest.approx(3, rel=0.02)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_alpha_is_the_exponent_of_the_spectrum(alpha):
    left = torch.linalg.qr(normal(40, 10) - normal(40, 10).mean(0))[0]
    directions = normal(40, 10)
    left = torch.linalg.qr(directions - directions.mean(0))[0]
    spectrum = torch.arange(1, 11, dtype=torch.float64) ** (-alpha / 2)
    features = left * spectrum + 5.0  # whose mean doesn't count
    assert alpha_req(features) == pytest.approx(alpha, rel=1e-6)
    assert alpha_req(torch.ones(5, 3)) == 0


def test_alignment_and_uniformity_are_their_equations():
    first, second = normal(9, 4), normal(9, 4, seed=1)
    unit = [row / row.norm() for row in first], [row / row.norm() for row in second]
    expected = sum((a - b).square().sum().item() for a, b in zip(*unit, strict=True)) / 9
    assert alignment(first, 3 * second) == pytest.approx(expected)
    pairs = [(i, j) for i in range(9) for j in range(i)]
    mean = sum(math.exp(-2 * (unit[0][i] - unit[0][j]).square().sum().item()) for i, j in pairs) / len(pairs)
    assert uniformity(first) == pytest.approx(math.log(mean))
    assert uniformity(torch.ones(5, 3)) == pytest.approx(0, abs=1e-9)
    assert alignment(first, first) == 0


def test_spread_is_the_part_that_varies():
    features = normal(4_000, 3)
    assert spread(features - features.mean(0)) == pytest.approx(1)
    assert spread(torch.ones(5, 2)) == 0 and spread(torch.zeros(5, 2)) == 0
    assert spread(torch.tensor([[1.0, 1.0], [1.0, -1.0]])) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: rankme(torch.ones(3)), r"shape \(3,\)"),
        (lambda: alpha_req(torch.ones(0, 3)), r"shape \(0, 3\)"),
        (lambda: lidar(torch.ones(5, 1, 3)), "num_views ≥ 2"),
        (lambda: uniformity(torch.ones(1, 3)), "one sample"),
    ],
)
def test_what_cannot_be_measured_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
