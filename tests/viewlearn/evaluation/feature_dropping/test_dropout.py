import math

import pytest
import torch

from theory import finite_negatives as theory
from viewlearn.evaluation.feature_dropping import (
    disagreement,
    effective_dropout,
    gradient_floor,
    pair_loss,
    paired_disagreement,
    sphere_threshold,
)


@pytest.mark.parametrize("num_classes", [2, 10])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_dropout_of_a_redraw(p, num_classes):
    rate = p * (1 - 1 / num_classes)
    assert effective_dropout(rate, num_classes) == pytest.approx(p)
    assert paired_disagreement(rate, rate**2, num_classes) == pytest.approx(disagreement(p))


def test_disagreement_of_redrawn_labels_is_measured(generator):
    """Labels of 5 classes redrawn with a probability that differs from sample to sample."""
    p = torch.rand(40_000, 1, generator=generator)
    redrawn = torch.rand(40_000, 4, generator=generator) < p
    lost = redrawn & (torch.rand(40_000, 4, generator=generator) < 0.8)
    rate = lost.double().mean().item()
    assert effective_dropout(rate, 5) == pytest.approx(0.5, abs=0.01)
    expected = 1 - ((1 - p) ** 2).mean().item()  # 2/3, where an equal p for all would give 3/4
    assert paired_disagreement(rate, pair_loss(lost), 5) == pytest.approx(expected, abs=0.01)


def test_samples_lost_always_or_never():
    assert paired_disagreement(0.45, 0.405, 10) == pytest.approx(0.5)


@pytest.mark.parametrize("q", [0.0, 0.19, 1.0])
@pytest.mark.parametrize("weight", [0.0, 5.0, 14.3])
def test_floor_is_the_theorys_pull_over_the_undisturbed(weight, q):
    pull = theory.feature_pull(weight, 510, 10, q) / theory.feature_pull(0.0, 510, 10, 0.0)
    assert gradient_floor(weight, 510, q) == pytest.approx(pull)
    assert gradient_floor(weight, 510, q) >= q


@pytest.mark.parametrize("temperature", [0.07, 0.2, 0.5])
@pytest.mark.parametrize("num_classes", [3, 10])
def test_threshold_is_the_theorys(temperature, num_classes):
    assert sphere_threshold(temperature, 510, num_classes) == pytest.approx(
        theory.sphere_threshold(temperature, 510, num_classes)
    )
    assert disagreement(0.3) == pytest.approx(theory.disagreement(0.3))


def test_limits():
    assert gradient_floor(0.0, 8, 0.0) == pytest.approx(1)
    assert effective_dropout(1.0, 10) == 1
    assert math.isclose(sphere_threshold(1e-3, 10, 4), 0, abs_tol=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match=r"1\.2 is no probability"):
        effective_dropout(1.2, 10)
    with pytest.raises(ValueError, match="num_classes is 1"):
        effective_dropout(0.2, 1)
    with pytest.raises(ValueError, match="temperature 0"):
        sphere_threshold(0, 10, 10)
    with pytest.raises(ValueError, match="num_negatives is 0"):
        gradient_floor(1.0, 0, 0.5)
