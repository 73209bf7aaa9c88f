"""Best responses of adversaries, against a numerical optimizer."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from theory import (
    additive_response,
    attack_channel,
    destroy_response,
)


def test_destroy_response_is_the_constrained_optimum():
    correlation, counts = torch.tensor([0.97, 0.8, 0.5, 0.2]), torch.tensor([1.0, 2, 1, 4])
    found = destroy_response(correlation, counts, 2.0).numpy()
    values, sizes = correlation.double().numpy(), counts.double().numpy()
    reference = minimize(
        lambda p: (sizes * (1 - p) ** 4 * values**2).sum(),
        np.full(4, 0.25),
        method="SLSQP",
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda p: (sizes * p).sum() - 2},
        options={"ftol": 1e-14, "maxiter": 500},
    ).x
    assert found == pytest.approx(reference, abs=2e-4)
    assert (np.diff(found) <= 0).all()  # the most invariant are destroyed first
    assert (sizes * found).sum() == pytest.approx(2)
    with pytest.raises(ValueError, match="between 0 and the 8 correlated"):
        destroy_response(correlation, counts, 9)


def test_no_linear_attack_beats_the_channel():
    """For one direction: gain g and noise b with (1 − g)² S + b² = c never leave less than λ (1 − c/S)."""
    second, cross, budget = 2.0, 1.4, 0.8
    gain, noise = attack_channel(torch.tensor(second), torch.tensor(budget))
    left = gain**2 * cross / (gain**2 * second + noise)
    assert left.item() == pytest.approx(cross / second * (1 - budget / second), rel=1e-6)
    gains = np.linspace(1 - (budget / second) ** 0.5, 1, 2001)
    remaining = gains**2 * cross / (gains**2 * second + budget - (1 - gains) ** 2 * second)
    assert remaining.min() >= left.item() - 1e-6


def test_additive_response_is_the_constrained_optimum():
    second = torch.tensor([10.0, 2.0, 1.5, 1.0], dtype=torch.float64)
    cross = torch.tensor([9.0, 1.0, 0.5, 0.0], dtype=torch.float64)
    found = additive_response(second, cross, 1.5).numpy()
    s, lam = second.numpy(), (cross / second).numpy()
    reference = minimize(
        lambda c: (lam**2 * (1 - c / s) ** 2).sum(),
        np.full(4, 0.3),
        method="SLSQP",
        bounds=[(0, v) for v in s],
        constraints={"type": "eq", "fun": lambda c: c.sum() - 1.5},
        options={"ftol": 1e-14, "maxiter": 500},
    ).x
    assert (lam**2 * (1 - found / s) ** 2).sum() == pytest.approx((lam**2 * (1 - reference / s) ** 2).sum(), abs=1e-7)
    assert found == pytest.approx(reference, abs=2e-3)
    assert found[1] / s[1] > found[0] / s[0]  # the weaker direction loses more, though it is less invariant
    with pytest.raises(ValueError, match=r"correlated variance 13\.5"):
        additive_response(second, cross, 14)
