"""Few labels: which are kept, that fine-tuning moves all weights and leaves the encoder, and what it can learn."""

import pytest
import torch
from torch import nn

from viewlearn.data import as_data
from viewlearn.evaluation import EvaluationPlan, evaluate
from viewlearn.evaluation.probes import FineTuning, fine_tune, labeled_part

QUICK = FineTuning(steps=30, batch_size=32, lr=(0.3,))


def data():
    """Which half is brighter, which a mean over the image can't tell."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(200, 1, 4, 8, generator=generator)
    y = torch.arange(200) % 2
    x[y == 0, :, :, :4] += 1
    x[y == 1, :, :, 4:] += 1
    return as_data((x / 2, y), (x[:50] / 2, y[:50]))


def blind() -> nn.Module:
    """Weights that make all places alike, until they are trained."""
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(32, 4))
    nn.init.constant_(encoder[1].weight, 0.1)
    nn.init.zeros_(encoder[1].bias)
    return encoder


def test_the_labeled_part_is_balanced_and_nested():
    labels = torch.tensor([0] * 100 + [1] * 20 + [2] * 3 + [-1] * 50)
    small, large = labeled_part(labels, 0.1, seed=1), labeled_part(labels, 0.5, seed=1)
    assert labels[small].bincount().tolist() == [10, 2, 1]  # at least one
    assert labels[large].bincount().tolist() == [50, 10, 2]
    assert set(small.tolist()) < set(large.tolist())
    assert not torch.equal(small, labeled_part(labels, 0.1, seed=2))
    assert len(labeled_part(labels, 1.0)) == 123
    with pytest.raises(ValueError, match=r"fraction of labels is 0; it must lie in \(0, 1\]"):
        labeled_part(labels, 0)
    with pytest.raises(ValueError, match="no sample is labeled"):
        labeled_part(labels[-9:], 0.5)


def test_all_weights_are_trained_and_the_encoder_stays():
    encoder, toy = blind(), data()
    before = [p.clone() for p in encoder.parameters()]
    state = torch.get_rng_state()
    score = fine_tune(encoder, toy, "class", 0.5, QUICK)
    assert score.accuracy > 0.9 and score.num_train == 90  # of 180 that aren't held out
    assert all(torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))
    assert torch.equal(state, torch.get_rng_state())
    assert fine_tune(encoder, toy, "class", 0.5, QUICK) == score


def test_the_learning_rate_is_chosen_without_the_test_split():
    """A rate that learns nothing loses against one that does, whichever comes first."""
    for rates in ((1e-8, 0.3), (0.3, 1e-8)):
        settings = FineTuning(steps=30, batch_size=32, lr=rates)
        assert fine_tune(blind(), data(), "class", 0.5, settings).accuracy > 0.9
    with pytest.raises(ValueError, match="lr is empty"):
        FineTuning(lr=())


def test_rows_of_an_evaluation():
    plan = EvaluationPlan(probes=[], label_fractions=[0.1, 1.0], fine_tuning=QUICK, l2=0.01)
    results = evaluate(blind(), data(), plan, random_encoder=blind())
    assert [row.probe for row in results.rows] == ["linear-10%", "fine-tuned-10%", "linear-100%", "fine-tuned-100%"]
    frozen, tuned = results.row("class", "linear-100%"), results.row("class", "fine-tuned-100%")
    assert tuned.trained.accuracy > frozen.trained.accuracy + 0.2
    assert tuned.random == tuned.trained  # the same encoder
    assert results.row("class", "linear-10%").trained.num_train == 18
