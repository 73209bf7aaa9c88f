"""The canonical demonstrations, in each of several seeds."""

import numpy as np
import pytest
import torch

from theory import InfoNCE, Optimization, Spectral, coexistence_window, probe, sweep, train
from theory.model.canonical import CAPACITY, CAPACITY_DIM, NORM_COMPETITION, NORM_COMPETITION_DIM
from theory.model.parameters import vary

LOSSES = [(Spectral(), 1500), (InfoNCE(similarity="dot"), 600), (InfoNCE(0.2), 600)]


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "num_steps"), LOSSES, ids=["spectral", "dot", "cosine"])
def test_capacity_in_every_seed(loss, num_steps):
    numbers = vary(CAPACITY, {"A.destroy": np.array([0.0, 0.3, 0.8])})
    trained = train(CAPACITY, loss, CAPACITY_DIM, Optimization(num_steps), parameters=numbers, num_seeds=4)
    found = probe(CAPACITY, trained.weight, numbers)
    a, b = found.group_accuracy("A"), found.group_accuracy("B")
    assert b[0].max() < 0.55 and a[0].min() > 0.9
    assert a[1].min() > 0.9 and b[1].min() > 0.9
    assert a[2].max() < 0.7 and b[2].min() > 0.9


@pytest.mark.slow
def test_norm_competition_crosses_within_the_window():
    """Trained crossings (B's share of the energy over 1 %, A's under 1 %) within 0.07 of the closed form, at τ = 1."""
    window = coexistence_window(NORM_COMPETITION, "A", "B", 1.0)
    grid = {"A.destroy": [0.0, 0.06, 0.12, 0.18, 0.57, 0.63, 0.69, 0.75]}
    loss = InfoNCE(1.0, batch_size=192)
    table = sweep(NORM_COMPETITION, grid, loss, NORM_COMPETITION_DIM, Optimization(800), seeds=2)
    assert table.crossing("A.destroy", "share_B", 0.01) == pytest.approx(window.enters, abs=0.07)
    assert table.crossing("A.destroy", "share_B", 0.99) == pytest.approx(window.leaves, abs=0.07)
    assert table.select(**{"A.destroy": 0.0})["accuracy_B"].max() < 0.55


def test_a_low_temperature_lifts_the_suppression():
    trained = train(NORM_COMPETITION, InfoNCE(0.1), NORM_COMPETITION_DIM, Optimization(800), num_seeds=4)
    accuracy = probe(NORM_COMPETITION, trained.weight, readout=0.1).group_accuracy("B")
    assert accuracy.min() > 0.85


def test_any_loss_shows_the_same():
    """A user's function, here the logarithm-free alignment and repulsion of a Gaussian kernel, in the bottleneck."""
    from theory import AutogradLoss

    def kernel_contrast(z1, z2):
        square = (z1[:, None] - z2).square().sum(-1)
        return square.diagonal().mean() + torch.logsumexp(-square.flatten(), 0)

    numbers = vary(CAPACITY, {"A.destroy": np.array([0.0, 0.8])})
    loss = AutogradLoss(kernel_contrast, batch_size=64)
    trained = train(CAPACITY, loss, CAPACITY_DIM, Optimization(400), parameters=numbers, num_seeds=3)
    accuracy = probe(CAPACITY, trained.weight, numbers).group_accuracy("B").mean(-1)
    assert accuracy[0] < 0.6 and accuracy[1] > 0.9
