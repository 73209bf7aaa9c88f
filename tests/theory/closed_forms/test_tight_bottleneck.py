import math

import numpy as np
import pytest
import torch

from theory import FeatureGroup, GroupModel, InfoNCE, Optimization, critical_destroy, hysteresis, probe, train
from theory.closed_forms.tight_bottleneck import expected_cosine, mixture_cosine
from theory.model.parameters import parameters_of, vary
from theory.model.sampling import Sampler

MODEL = GroupModel([FeatureGroup("A", (6,) * 4), FeatureGroup("B", (1,) * 4)])


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.97])
def test_expected_cosine(correlation):
    generator = torch.Generator().manual_seed(0)
    x, other = torch.randn(2, 200_000, 4, generator=generator, dtype=torch.float64)
    cosine = torch.cosine_similarity(x, correlation * x + math.sqrt(1 - correlation**2) * other)
    assert abs(cosine.mean() - expected_cosine(correlation, 4)) < 4 * cosine.std() / 200_000**0.5
    assert expected_cosine(1.0, 4) == pytest.approx(1.0)


@pytest.mark.parametrize("mode", ["resample", "zero", "gauss"])
@pytest.mark.parametrize("views", ["both", "one"])
def test_mixture_cosine_is_that_of_samples(mode, views):
    model = GroupModel([FeatureGroup("A", (3,) * 4, 0.3, mode, views), FeatureGroup("B", (1,) * 4)], shared_noise=0.3)
    sampler = Sampler(model, 1, 100_000, dtype=torch.float64)
    mixed = [
        0.4**0.5 * x[0, 0, :, :4] + 0.6**0.5 * x[0, 0, :, 4:]
        for x in sampler.pairs(sampler.draw(), parameters_of(model))
    ]
    cosine = torch.cosine_similarity(*mixed)
    assert abs(cosine.mean() - mixture_cosine(model, "A", "B", 0.4, 4)) < 4 * cosine.std() / 100_000**0.5


def test_bounds():
    """resample: both ends stable between; zero: neither; gauss: everything happens at the spectral boundary."""
    spectral = critical_destroy(MODEL, "A", "B", dim=4).enters
    found = hysteresis(MODEL, "A", "B", 4)
    assert found.other_from == pytest.approx(spectral, abs=1e-5)
    assert found.other_from < found.equal < found.attacked_until
    ratio = expected_cosine(0.5, 4) / expected_cosine(36 / 37, 4)
    assert found.equal == pytest.approx(1 - ratio**0.5, abs=1e-8)
    zero = hysteresis(MODEL.with_group("A", mode="zero"), "A", "B", 4)
    assert zero.attacked_until < zero.equal < zero.other_from
    gauss = hysteresis(MODEL.with_group("A", mode="gauss"), "A", "B", 4)
    assert gauss.attacked_until == pytest.approx(spectral, abs=1e-5)
    with pytest.raises(ValueError, match="at least 5 directions"):
        hysteresis(MODEL, "A", "B", 5)


@pytest.mark.slow
def test_training_remembers_where_it_began():
    only_a, only_b = torch.zeros(2, 4, 8)
    only_a[:, :4], only_b[:, 4:] = torch.eye(4) / 6, torch.eye(4)
    nudge = 0.01 * torch.randn(4, 8, generator=torch.Generator().manual_seed(0))

    def shares_of_a(start: torch.Tensor, destroy: list[float]) -> torch.Tensor:
        numbers = vary(MODEL, {"A.destroy": np.array(destroy)})
        loss, optimization = InfoNCE(0.5, batch_size=256), Optimization(500, lr=0.008)
        trained = train(MODEL, loss, 4, optimization, parameters=numbers, start=start + nudge, num_seeds=2)
        return probe(MODEL, trained.weight, numbers).group_r2("A")

    from_a, from_b = shares_of_a(only_a, [0.33, 0.45]), shares_of_a(only_b, [0.33, 0.2])
    assert from_a[0].min() > 0.9 and from_b[0].max() < 0.1
    assert from_b[1].min() > 0.9
    assert from_a[1].max() < 0.1
