"""Energy shares of mean-field InfoNCE."""

import math

import pytest
import torch

from theory import (
    FeatureGroup,
    GroupModel,
    mean_field,
)
from theory.closed_forms.water_filling import mean_field_critical_temperature, water_fill


@pytest.mark.parametrize("temperature", [0.05, 0.3, 2.0])
def test_water_filling_minimizes_the_mean_field_loss(temperature):
    correlation = torch.tensor([0.9, 0.9, 0.6, 0.3, 0.1], dtype=torch.float64)
    shares, level = water_fill(correlation, temperature)
    assert shares.sum().item() == pytest.approx(1) and (shares >= 0).all()
    assert torch.allclose(shares, temperature * (correlation - level).clamp_min(0))

    def loss(e):
        return -e @ correlation / temperature + e.square().sum() / (2 * temperature**2)

    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        other = -torch.rand(5, generator=generator, dtype=torch.float64).log()
        mixed = 0.9 * shares + 0.1 * other / other.sum()
        assert loss(mixed) >= loss(shares) - 1e-12


def test_mean_field_critical_temperature():
    model = GroupModel([FeatureGroup("A", (6,) * 4), FeatureGroup("B", (1,) * 4)])
    critical = mean_field_critical_temperature(model, "B")
    assert critical == pytest.approx(1 / (4 * (36 / 37 - 0.5)))
    assert mean_field(model, critical * 1.001).share("B") == 0
    assert mean_field(model, critical * 0.99).share("B") > 0
    assert mean_field_critical_temperature(model, "A") == math.inf
    assert mean_field(model, 0.1, dim=4).share("B") == 0
