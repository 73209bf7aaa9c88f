import pytest
import torch

from viewlearn.evaluation.probes import few_shot, fit_logistic


@pytest.fixture
def clusters(generator):
    centers = 2.5 * torch.randn(6, 8, generator=generator)
    y = torch.arange(180) % 6
    return centers[y] + torch.randn(180, 8, generator=generator), y


@pytest.mark.parametrize("classifier", ["logistic", "centroid"])
def test_more_shots_and_fewer_ways_are_easier(clusters, classifier):
    accuracy = {
        (shots, ways): few_shot(*clusters, shots=shots, ways=ways, episodes=30, classifier=classifier).accuracy
        for shots, ways in ((1, 6), (10, 6), (1, 2))
    }
    assert accuracy[10, 6] > accuracy[1, 6] + 0.02
    assert accuracy[1, 2] > accuracy[1, 6] + 0.02
    assert accuracy[1, 6] > 0.4


def test_all_way_with_every_query_is_the_classifier_on_k_of_each_class(clusters):
    x, y = clusters
    support = torch.cat([(y == c).nonzero()[:5, 0] for c in range(6)])
    score = few_shot(x[support], y[support], x, y, shots=5, queries=None, episodes=2, l2=0.01)
    expected = (fit_logistic(x[support], y[support], 0.01).predict(x) == y).float().mean()
    # The support comes in another order, whose rounding may decide one of the 180 queries of an episode.
    assert score.accuracy == pytest.approx(expected.item(), abs=1.01 / 180)
    assert score.low == pytest.approx(score.high, abs=2e-2)
    assert (score.num_train, score.num_test) == (30, 360)


def test_queries_are_never_learned_from(generator):
    """Features that tell samples but not classes: whoever peeks is always right, others are at chance."""
    x, y = torch.eye(60), torch.arange(60) % 3
    score = few_shot(x, y, shots=5, queries=10, episodes=40, classifier="centroid")
    assert score.accuracy == pytest.approx(1 / 3, abs=0.05)
    assert few_shot(x, y, x, y, shots=20, queries=10, episodes=2, classifier="centroid").accuracy == 1


def test_the_interval_shrinks_with_episodes_and_draws_repeat(clusters):
    few, many = (few_shot(*clusters, shots=1, ways=3, episodes=n, classifier="centroid") for n in (10, 160))
    assert 2 < (few.high - few.low) / (many.high - many.low) < 8
    assert few_shot(*clusters, shots=1, ways=3, episodes=10, classifier="centroid") == few


def test_unlabeled_samples_are_left_out(clusters):
    x, y = clusters
    y = torch.where(y == 5, -1, y)
    assert few_shot(x, y, shots=3, episodes=3).num_train == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ways": 7}, r"ways is 7; it must be in 2 … 6"),
        ({"ways": 1}, "ways is 1"),
        ({"shots": 0}, "shots 0"),
        ({"shots": 29}, "class 0 has 30 samples; 29 shots and 15 queries need more"),
        ({"shots": 30, "queries": None}, "30 shots and some queries need more"),
        ({"episodes": 1}, "episodes is 1"),
        ({"classifier": "svm"}, "classifier is 'svm'"),
    ],
)
def test_bad_options_are_named(clusters, options, message):
    with pytest.raises(ValueError, match=message):
        few_shot(*clusters, **options)
