import itertools

import pytest
import torch

from theory import FeatureGroup, GroupModel, moments
from theory.model.parameters import parameters_of, vary
from theory.model.sampling import Sampler, simplex

VIEWS = list(itertools.product(["resample", "zero", "gauss"], ["both", "one"], ["gaussian", "rademacher", "onehot"]))


@pytest.mark.parametrize(("mode", "views", "latent"), VIEWS)
def test_moments_match_samples(mode, views, latent):
    """Every second moment, off the diagonal too, within 4.5 standard errors of 60,000 pairs."""
    first = FeatureGroup("A", (2.0, 1.0), destroy=0.3, mode=mode, views=views, latent=latent)
    model = GroupModel([first, FeatureGroup("B", (1.5,), destroy=0.1)], noise=0.7, shared_noise=0.5, noise_dims=1)
    sampler = Sampler(model, num_seeds=3, batch_size=20_000, dtype=torch.float64)
    x1, x2 = (x.flatten(0, -2) for x in sampler.pairs(sampler.draw(), parameters_of(model)))
    second, cross = moments(model).matrices()
    for left, right, expected in ((x1, x1, second), (x2, x2, second), (x1, x2, cross)):
        if views == "one":  # the coin makes either view the attacked one
            products = (left[:, :, None] * right[:, None] + right[:, :, None] * left[:, None]) / 2
        else:
            products = left[:, :, None] * right[:, None]
        error = products.std(0) / len(products) ** 0.5
        assert ((products.mean(0) - expected).abs() < 4.5 * error + 1e-9).all()


def test_different_instances_are_independent():
    model = GroupModel([FeatureGroup("A", (3.0,))], shared_noise=1.0)
    sampler = Sampler(model, num_seeds=1, batch_size=20_000, dtype=torch.float64)
    x1, x2 = (x.flatten() for x in sampler.pairs(sampler.draw(), parameters_of(model)))
    assert abs((x1[1:] * x2[:-1]).mean()) < 4 * 11 / 20_000**0.5


def test_latents_are_white_and_of_the_named_distribution():
    vertices = simplex(3, torch.zeros(1, dtype=torch.float64))
    assert vertices.shape == (4, 3)
    assert torch.allclose(vertices.mean(0), torch.zeros(3, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(vertices.mT @ vertices / 4, torch.eye(3, dtype=torch.float64), atol=1e-12)
    model = GroupModel([FeatureGroup("A", (1.0, 1.0), latent="rademacher")], noise=0.0)
    sampler = Sampler(model, 1, 100)
    x1, _ = sampler.pairs(sampler.draw(), parameters_of(model))
    assert set(x1.flatten().tolist()) == {-1.0, 1.0}


def test_cells_share_random_numbers():
    """Where the strength is the only difference, so is the difference of the views."""
    model = GroupModel([FeatureGroup("A", (1.0,), destroy=0.5), FeatureGroup("B", (1.0,))])
    sampler = Sampler(model, 2, 50, dtype=torch.float64)
    x1, _ = sampler.pairs(sampler.draw(), vary(model, {"A.strength": [1.0, 2.0]}))
    assert torch.equal(x1[0, ..., 1], x1[1, ..., 1])
    assert not torch.equal(x1[0, ..., 0], x1[1, ..., 0])
    assert not torch.equal(x1[0, 0], x1[0, 1])


def test_a_seed_draws_the_same_beside_others():
    model = GroupModel([FeatureGroup("A", (1.0,))])
    alone, among = Sampler(model, 1, 8, seed=5), Sampler(model, 3, 8, seed=4)
    for _ in range(2):
        expected = alone.pairs(alone.draw(), parameters_of(model))[1]
        assert torch.equal(expected[:, 0], among.pairs(among.draw(), parameters_of(model))[1][:, 1])


def test_rotating_the_basis_rotates_the_moments():
    basis, _ = torch.linalg.qr(torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    groups = [FeatureGroup("A", (3.0, 2.0), destroy=0.3), FeatureGroup("B", (1.0,))]
    plain, turned = GroupModel(groups), GroupModel(groups, basis=basis)
    for matrix, rotated in zip(moments(plain).matrices(), moments(turned).matrices(), strict=True):
        assert torch.allclose(basis @ matrix @ basis.mT, rotated)
