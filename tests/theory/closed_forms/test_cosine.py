import math

import pytest
import torch

from theory import FeatureGroup, GroupModel, InfoNCE, coexistence_window, invasion_rate
from theory.closed_forms.cosine import cosine_over_square, critical_temperature, inverse_norms, mean_cosine
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler


def competition(mode="resample", **changes) -> GroupModel:
    return GroupModel([FeatureGroup("A", (6,) * 4, mode=mode, **changes), FeatureGroup("B", (1,) * 4)])


@pytest.mark.parametrize("dim", [5, 8])
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.97])
def test_expectations_of_correlated_gaussians(dim, correlation):
    generator = torch.Generator().manual_seed(dim)
    x, other = torch.randn(2, 400_000, dim, generator=generator, dtype=torch.float64)
    y = correlation * x + math.sqrt(1 - correlation**2) * other
    for sample, exact in (
        (1 / (x.norm(dim=-1) * y.norm(dim=-1)), inverse_norms(correlation, dim)),
        (torch.cosine_similarity(x, y) / x.square().sum(-1), cosine_over_square(correlation, dim)),
    ):
        assert abs(sample.mean() - exact) < 4.5 * sample.std() / 400_000**0.5


def test_expectations_where_they_are_elementary():
    assert inverse_norms(0.0, 3) == pytest.approx(2 / math.pi)  # (E 1/|x|)²
    assert inverse_norms(1.0 - 1e-9, 5) == pytest.approx(1 / 3, rel=1e-3)  # E 1/|x|² = 1/(d − 2)
    assert cosine_over_square(1.0 - 1e-9, 5) == pytest.approx(1 / 3, rel=1e-3)
    assert cosine_over_square(0.0, 5) == 0


def test_mean_cosine_is_that_of_the_tilted_sphere():
    generator = torch.Generator().manual_seed(0)
    cosine = torch.nn.functional.normalize(torch.randn(400_000, 4, generator=generator, dtype=torch.float64), dim=-1)[
        :, 0
    ]
    for kappa in (0.2, 1.0, 5.0):
        weights = (kappa * cosine).exp()
        assert mean_cosine(kappa, 4) == pytest.approx(((weights * cosine).sum() / weights.sum()).item(), abs=0.005)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
@pytest.mark.parametrize(
    "changes",
    [
        {"destroy": 0.2},
        {"destroy": 0.2, "views": "one"},
        {"destroy": 0.3, "mode": "zero"},
        {"destroy": 0.3, "mode": "zero", "views": "one"},
        {"destroy": 0.2, "mode": "gauss"},
    ],
    ids=str,
)
def test_invasion_rate_is_the_derivative_of_the_loss(changes, temperature):
    """Against autograd of the sampled loss at an infinitesimal weight on B, with a resident in R^6 and shared noise."""
    groups = [FeatureGroup("A", (2,) * 6, **changes), FeatureGroup("B", (1.0,), destroy=0.1)]
    model = GroupModel(groups, shared_noise=0.4)
    scale = torch.zeros(1, requires_grad=True)
    weight = torch.cat([torch.ones(6), scale])
    sampler = Sampler(model, 1, 512)
    slopes = []
    for _ in range(60):
        x1, x2 = (x[0, 0] for x in sampler.pairs(sampler.draw(), parameters_of(model)))
        loss = InfoNCE(temperature)(x1 * weight, x2 * weight)
        # The loss is even in the weight: its curvature is twice its derivative by the weight's square.
        slope = torch.autograd.grad(loss, scale, create_graph=True)[0]
        slopes.append(torch.autograd.grad(slope.sum(), scale)[0] / 2)
    slopes = torch.cat(slopes)
    second = 1 + 0.4**2 + 1
    expected = -second * invasion_rate(model, "A", "B", temperature) / temperature
    assert abs(slopes.mean() - expected) < 4 * slopes.std() / 60**0.5 + 0.02 * abs(expected)


def test_windows():
    found = coexistence_window(competition(), "A", "B", 1.0)
    assert found.enters == pytest.approx(0.108, abs=5e-4) and found.leaves == pytest.approx(0.691, abs=5e-4)
    zero = coexistence_window(competition("zero"), "A", "B", 1.0)
    assert zero.enters == pytest.approx(0.0113, abs=5e-4) and zero.leaves == pytest.approx(0.885, abs=5e-4)
    assert coexistence_window(competition(), "A", "B", 0.1).enters == 0.0


def test_critical_temperature_is_where_the_window_reaches_zero():
    temperature = critical_temperature(competition(), "A", "B")
    assert temperature == pytest.approx(0.5501, abs=5e-4)
    assert coexistence_window(competition(), "A", "B", temperature * 0.999).enters == 0.0
    assert coexistence_window(competition(), "A", "B", temperature * 1.01).enters > 0
    assert critical_temperature(competition(destroy=0.9), "A", "B") == math.inf


@pytest.mark.parametrize("strengths", [(6, 5, 6), (6, 6)])
def test_residents_beyond_the_result_are_refused(strengths):
    model = GroupModel([FeatureGroup("A", strengths), FeatureGroup("B", (1,) * 3)])
    with pytest.raises(ValueError, match="homogeneous and Gaussian with at least 3"):
        invasion_rate(model, "A", "B", 1.0)
