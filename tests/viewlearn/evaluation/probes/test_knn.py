import math

import pytest
import torch

from viewlearn.evaluation.probes import knn, knn_scores
from viewlearn.evaluation.probes.knn import SIMILARITIES


def loop_scores(train_x, train_y, test_x, num_classes, k, temperature):
    scores = []
    for x in test_x:
        cosines = [float(x @ t / (x.norm() * t.norm())) for t in train_x]
        nearest = sorted(range(len(train_x)), key=lambda i: -cosines[i])[:k]
        votes = [0.0] * num_classes
        for i in nearest:
            votes[int(train_y[i])] += math.exp(cosines[i] / temperature)
        scores.append(votes)
    return torch.tensor(scores, dtype=torch.float64)


@pytest.mark.parametrize("k", [1, 5, 40, 500])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_scores_are_the_loops_up_to_a_factor_per_row(k, temperature, generator):
    train_x, test_x = (torch.randn(n, 6, generator=generator, dtype=torch.float64) for n in (40, 9))
    train_y = torch.randint(4, (40,), generator=generator)
    scores = knn_scores(train_x, train_y, test_x, 4, k, temperature)
    expected = loop_scores(train_x, train_y, test_x, 4, k, temperature)
    torch.testing.assert_close(scores / scores.sum(1, keepdim=True), expected / expected.sum(1, keepdim=True))


def test_chunks_change_nothing(generator, monkeypatch):
    sides = (
        torch.randn(50, 4, generator=generator, dtype=torch.float64),
        torch.randint(3, (50,), generator=generator),
        torch.randn(31, 4, generator=generator, dtype=torch.float64),
    )
    whole = knn_scores(*sides, 3, k=10)
    assert SIMILARITIES >= 50 * 31
    import sys

    monkeypatch.setattr(sys.modules["viewlearn.evaluation.probes.knn"], "SIMILARITIES", 120)
    torch.testing.assert_close(knn_scores(*sides, 3, k=10), whole)


def test_a_tiny_temperature_does_not_overflow(generator):
    x = torch.randn(30, 4, generator=generator)
    scores = knn_scores(x, torch.arange(30) % 3, x, 3, temperature=1e-6)
    assert scores.isfinite().all()
    assert (scores.argmax(1) == torch.arange(30) % 3).all()


def test_training_samples_find_themselves_and_unlabeled_ones_are_left_out(generator):
    x = torch.randn(60, 8, generator=generator)
    y = torch.arange(60) % 10
    score = knn(x, y, x, y, k=1)
    assert (score.accuracy, score.num_train, score.num_test) == (1.0, 60, 60)
    half = y.clone()
    half[::2] = -1
    score = knn(x, half, x, half, k=1)
    assert (score.accuracy, score.num_train, score.num_test) == (1.0, 30, 30)


def test_a_class_unseen_in_training_is_an_error_of_the_classifier(generator):
    x = torch.randn(20, 3, generator=generator)
    y = torch.arange(20) % 2
    assert knn(x, y, x, y + 2, k=1).accuracy == 0


@pytest.mark.parametrize(("options", "message"), [({"k": 0}, "k is 0"), ({"temperature": 0}, "temperature is 0")])
def test_bad_options_are_named(options, message):
    x, y = torch.eye(3), torch.arange(3)
    with pytest.raises(ValueError, match=message):
        knn(x, y, x, y, **options)


def test_nan_is_an_error():
    x, y = torch.eye(3), torch.arange(3)
    with pytest.raises(ValueError, match="NaN"):
        knn(x, y, x / 0, y)
