import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression

from theory import FeatureGroup, GroupModel, VacuousProbeWarning, probe
from theory.measures.embedding import energy_share
from theory.measures.probe import sign_accuracy
from theory.model.moments import moments

MODEL = GroupModel([FeatureGroup("A", (3.0, 1.0)), FeatureGroup("B", (1.0, 0.5))], noise_dims=2)


def random_weight(dim: int, *batch: int) -> torch.Tensor:
    return torch.randn(*batch, dim, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(dim))


@pytest.mark.parametrize(("noise", "readout"), [(0.0, 0.0), (1.0, 0.0), (0.5, 0.3)])
def test_r2_and_accuracy_equal_fitted_probes(noise, readout):
    """Against least squares and logistic regression on 40,000 samples."""
    weight = random_weight(3)
    found = probe(MODEL, weight, noise=noise, readout=readout)
    random = np.random.default_rng(0)
    latent = random.standard_normal((80_000, 4))
    strengths = np.array([3.0, 1.0, 1.0, 0.5])
    x = np.pad(latent * strengths, ((0, 0), (0, 2))) + noise * random.standard_normal((80_000, 6))
    z = x @ weight.numpy().T
    power = np.trace(weight.numpy() @ np.diag([*strengths**2 + noise**2, noise**2, noise**2]) @ weight.numpy().T) / 3
    z = z + readout * power**0.5 * random.standard_normal(z.shape)
    for j in range(4):
        fitted = LinearRegression().fit(z[:40_000], latent[:40_000, j])
        assert fitted.score(z[40_000:], latent[40_000:, j]) == pytest.approx(found.r2[j].item(), abs=0.02)
        sign = latent[:, j] > 0
        logistic = LogisticRegression(C=1e4).fit(z[:40_000], sign[:40_000])
        assert logistic.score(z[40_000:], sign[40_000:]) == pytest.approx(found.accuracy[j].item(), abs=0.015)


def test_a_weight_that_ignores_a_group_leaves_its_label_to_chance():
    weight = torch.zeros(2, 6, dtype=torch.float64)
    weight[0, 0] = weight[1, 1] = 1.0
    found = probe(MODEL, weight)
    assert torch.allclose(found.r2, torch.tensor([1.0, 1, 0, 0], dtype=torch.float64))
    assert found.group_accuracy("A") == 1 and found.group_accuracy("B") == 0.5
    assert found.group_r2("A") == 1


def test_batched_probe_equals_one_at_a_time():
    weight = random_weight(3, 2, 5)
    together = probe(MODEL, weight, noise=0.3, readout=0.1).r2
    for index in np.ndindex(2, 5):
        assert torch.allclose(together[index], probe(MODEL, weight[index], noise=0.3, readout=0.1).r2)


def test_scaling_an_embedding_changes_nothing():
    weight = random_weight(3)
    for factor in (1e-6, 1e6):
        assert torch.allclose(probe(MODEL, factor * weight, readout=0.1).r2, probe(MODEL, weight, readout=0.1).r2)


def test_a_vacuous_probe_warns_and_a_readout_noise_unmasks_it():
    weight = torch.eye(6, dtype=torch.float64)
    weight[2:] *= 1e-4
    with pytest.warns(VacuousProbeWarning, match="6 outputs"):
        assert probe(MODEL, weight).group_accuracy("B") > 0.99
    assert probe(MODEL, weight, readout=0.1).group_accuracy("B") < 0.51
    with pytest.warns(VacuousProbeWarning):
        probe(MODEL, weight[:4])
    probe(MODEL, weight[:4], noise=0.1)


def test_sign_accuracy_is_that_of_two_correlated_gaussians():
    assert sign_accuracy(torch.tensor(0.5)).item() == pytest.approx(0.75)
    assert sign_accuracy(torch.tensor([0.0, 1.0])).tolist() == [0.5, 1.0]


def test_energy_shares_sum_to_one():
    weight, second = random_weight(3), moments(MODEL).second
    noise = (weight.square().sum(0) * second)[4:].sum() / (weight.square().sum(0) * second).sum()
    total = sum(energy_share(MODEL, weight, second, name) for name in "AB") + noise
    assert math.isclose(total, 1.0)
