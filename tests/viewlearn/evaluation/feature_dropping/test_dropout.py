import math

import pytest
import torch

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
def test_gradient_never_falls_below_the_floor(weight, q):
    assert gradient_floor(weight, 510, q) >= q


def match_logits(num_pairs, num_negatives, classes, disagree, generator):
    """Class of the positive and of negatives relative to the query's, and whether the shortcut agrees."""
    agree = torch.rand(num_pairs, generator=generator, dtype=torch.float64) >= disagree
    same = torch.randint(classes, (num_pairs, num_negatives), generator=generator) == 0
    return agree.double(), same.double()


@pytest.mark.parametrize("disagree", [0.0, 0.1, 0.36])
@pytest.mark.parametrize("weight", [0.0, 5.0, 10.0])
def test_floor_is_the_sampled_gradient_over_the_undisturbed(weight, disagree):
    agree, same = match_logits(20_000, 64, 10, disagree, torch.Generator().manual_seed(0))
    feature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    positive = weight * agree + feature  # the pair agrees in the feature, always
    logits = torch.cat([positive[:, None], feature * same], -1)
    losses = logits.logsumexp(-1) - positive
    pull = -torch.autograd.grad(losses.mean(), feature)[0]
    undisturbed = (1 - 1 / 10) * 64 / 65
    assert pull.item() == pytest.approx(undisturbed * gradient_floor(weight, 64, disagree), abs=0.006)
    assert gradient_floor(weight, 64, disagree) >= disagree - 1e-12


def test_values():
    shares = [gradient_floor(w, 510, 0.0) for w in (0, 5, 10, 1 / 0.07)]
    assert shares == pytest.approx([1, 0.776, 0.0227, 3.2e-4], rel=0.02)
    assert disagreement(0.1) == pytest.approx(0.19)


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
