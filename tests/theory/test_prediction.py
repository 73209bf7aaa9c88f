import pytest
import torch

from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import moments
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler
from theory.prediction import estimate


def factors(destroy: float, num: int = 6000, **options):
    """A 4-class factor A and a 3-class factor B in 20 rotated dimensions: views, labels, and the model."""
    basis, _ = torch.linalg.qr(torch.randn(20, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    groups = [
        FeatureGroup("A", (4,) * 3, destroy=destroy, latent="onehot"),
        FeatureGroup("B", (1.5,) * 2, latent="onehot"),
    ]
    model = GroupModel(groups, noise_dims=15, basis=basis)
    sampler = Sampler(model, 1, num, dtype=torch.float64)
    draws = sampler.draw()
    x1, x2 = (x[0, 0] for x in sampler.pairs(draws, parameters_of(model)))
    labels = {}
    for name in "AB":
        points = draws.latent[0, :, model.directions(name)]
        labels[name] = torch.unique(points.round(decimals=6), dim=0, return_inverse=True)[1]
    return model, x1, x2, labels


@pytest.mark.parametrize("destroy", [0.0, 0.2, 0.5])
def test_correlations_of_labeled_factors_are_those_of_the_model(destroy):
    model, x1, x2, labels = factors(destroy)
    found = estimate(x1.reshape(-1, 4, 5), x2.reshape(-1, 4, 5), labels, dim=3, temperature=0.2, components=20)
    correlation = moments(model).correlation
    for name in "AB":
        expected = correlation[model.directions(name)]
        assert len(found.factors[name].correlations) == len(expected)
        assert found.factors[name].correlations == pytest.approx(expected.tolist(), abs=0.04)


def test_the_more_invariant_factor_fills_the_bottleneck_until_it_is_destroyed():
    _, x1, x2, labels = factors(0.0)
    intact = estimate(x1, x2, labels, dim=3, temperature=0.2, components=20)
    assert intact.factors["A"].captured > 0.95 and intact.factors["B"].captured < 0.05
    assert intact.factors["B"].suppressed_by == ("A",) and intact.factors["A"].suppressed_by == ()
    roomy = estimate(x1, x2, labels, dim=5, temperature=0.2, components=20)
    assert roomy.factors["B"].captured > 0.9 and roomy.factors["B"].suppressed_by == ()
    _, x1, x2, labels = factors(0.5)
    destroyed = estimate(x1, x2, labels, dim=2, temperature=0.2, components=20)
    assert destroyed.factors["B"].captured > 0.9 and destroyed.factors["A"].suppressed_by == ("B",)


def test_shares_follow_the_temperature_and_noise_lies_below_its_edge():
    _, x1, x2, labels = factors(0.0)
    hot, cold = (estimate(x1, x2, labels, 20, t, components=20) for t in (5.0, 0.05))
    assert hot.factors["B"].share < 0.05 < cold.factors["B"].share
    assert hot.factors["A"].share > 0.9
    assert hot.spectrum[5] < hot.noise_edge < hot.spectrum[4]
    assert hot.cut == pytest.approx(hot.spectrum[-1].item())


def test_scaling_and_shifting_views_changes_nothing():
    _, x1, x2, labels = factors(0.2)
    plain, moved = (estimate(a, b, labels, 3, 0.2, components=20) for a, b in ((x1, x2), (100 * x1 + 7, 100 * x2 + 7)))
    assert torch.allclose(plain.spectrum, moved.spectrum)


def test_impossible_inputs_say_why():
    _, x1, x2, labels = factors(0.0, num=60)
    with pytest.raises(ValueError, match="60 pairs are too few for 20 components"):
        estimate(x1, x2, labels, 3, 0.2)
    with pytest.raises(ValueError, match="differ in shape"):
        estimate(x1, x2[:-1], labels, 3, 0.2)
    with pytest.raises(ValueError, match="A has a single class"):
        estimate(x1, x2, {"A": torch.zeros(60, dtype=torch.long)}, 3, 0.2, components=10)
    with pytest.raises(ValueError, match=r"A has labels of shape \(3,\) for 60 pairs"):
        estimate(x1, x2, {"A": torch.zeros(3)}, 3, 0.2, components=10)
