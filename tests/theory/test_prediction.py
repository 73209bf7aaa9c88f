import pytest
import torch

from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import moments
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler
from theory.prediction import predict


def labeled_views(destroy: float, num: int = 6000):
    """Returns a model of a 4-class task A and a 3-class task B in 20 rotated dimensions, views and labels."""
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
def test_correlations_of_labeled_tasks_are_those_of_the_model(destroy):
    model, x1, x2, labels = labeled_views(destroy)
    found = predict(x1.reshape(-1, 4, 5), x2.reshape(-1, 4, 5), labels, dim=3, temperature=0.2, components=20)
    correlation = moments(model).correlation
    for name in "AB":
        expected = correlation[model.directions(name)]
        assert len(found.tasks[name].correlations) == len(expected)
        assert found.tasks[name].correlations == pytest.approx(expected.tolist(), abs=0.04)


def test_the_more_invariant_task_fills_the_bottleneck_until_it_is_destroyed():
    _, x1, x2, labels = labeled_views(0.0)
    intact = predict(x1, x2, labels, dim=3, temperature=0.2, components=20)
    assert intact.tasks["A"].captured > 0.95 and intact.tasks["B"].captured < 0.05
    assert intact.tasks["B"].suppressed_by == ("A",) and intact.tasks["A"].suppressed_by == ()
    roomy = predict(x1, x2, labels, dim=5, temperature=0.2, components=20)
    assert roomy.tasks["B"].captured > 0.9 and roomy.tasks["B"].suppressed_by == ()
    _, x1, x2, labels = labeled_views(0.5)
    destroyed = predict(x1, x2, labels, dim=2, temperature=0.2, components=20)
    assert destroyed.tasks["B"].captured > 0.9 and destroyed.tasks["A"].suppressed_by == ("B",)


def test_shares_follow_the_temperature_and_noise_lies_below_its_edge():
    _, x1, x2, labels = labeled_views(0.0)
    hot, cold = (predict(x1, x2, labels, 20, t, components=20) for t in (5.0, 0.05))
    assert hot.tasks["B"].share < 0.05 < cold.tasks["B"].share
    assert hot.tasks["A"].share > 0.9
    assert hot.spectrum[5] < hot.noise_edge < hot.spectrum[4]
    assert hot.cut == pytest.approx(hot.spectrum[-1].item())


def test_scaling_and_shifting_views_changes_nothing():
    _, x1, x2, labels = labeled_views(0.2)
    plain, moved = (predict(a, b, labels, 3, 0.2, components=20) for a, b in ((x1, x2), (100 * x1 + 7, 100 * x2 + 7)))
    assert torch.allclose(plain.spectrum, moved.spectrum)


def test_impossible_inputs_say_why():
    _, x1, x2, labels = labeled_views(0.0, num=60)
    with pytest.raises(ValueError, match="60 pairs are too few for 20 components, each of which needs 4"):
        predict(x1, x2, labels, 3, 0.2)
    with pytest.raises(ValueError, match="differ in shape"):
        predict(x1, x2[:-1], labels, 3, 0.2)
    with pytest.raises(ValueError, match="A has a single class"):
        predict(x1, x2, {"A": torch.zeros(60, dtype=torch.long)}, 3, 0.2, components=10)
    with pytest.raises(ValueError, match=r"A has labels of shape \(3,\) for 60 pairs"):
        predict(x1, x2, {"A": torch.zeros(3)}, 3, 0.2, components=10)
