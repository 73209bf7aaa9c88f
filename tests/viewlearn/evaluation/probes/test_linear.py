import pytest
import torch

from viewlearn.evaluation.probes import fit_linear_probe, linear_probe


@pytest.fixture
def problem(generator):
    """Two informative features out of sixty, few samples: regularization matters."""
    centers = torch.zeros(3, 60)
    centers[0, 0] = centers[1, 1] = 2
    y = torch.randint(3, (1000,), generator=generator)
    x = centers[y] + torch.randn(1000, 60, generator=generator)
    return x[:90], y[:90], x[90:], y[90:]


def test_accuracy_is_the_classifiers(problem):
    train_x, train_y, test_x, test_y = problem
    score = linear_probe(*problem, l2=0.01)
    classifier, _ = fit_linear_probe(train_x, train_y, l2=0.01)
    assert score.accuracy == (classifier.predict(test_x) == test_y).double().mean().item()
    assert score.low < score.accuracy < score.high
    assert (score.num_train, score.num_test, score.l2, score.top5) == (90, 910, 0.01, None)


def test_the_best_regularization_on_validation_is_chosen(problem):
    grid = (1e-2, 1e-1, 1, 1e3)
    validation = problem[2][:400], problem[3][:400]
    each = {l2: linear_probe(*problem[:2], *validation, l2=l2).accuracy for l2 in grid}
    score = linear_probe(*problem, l2=grid, validation=validation)
    assert each[score.l2] == max(each.values())
    assert score.l2 == max(l2 for l2 in grid if each[l2] == max(each.values()))


def test_a_held_out_part_chooses_the_same_each_time_and_is_fitted_in_the_end(problem):
    train_x, train_y, *_ = problem
    first, l2 = fit_linear_probe(train_x, train_y, validation=0.3, seed=3)
    again, l2_again = fit_linear_probe(train_x, train_y, validation=0.3, seed=3)
    full, _ = fit_linear_probe(train_x, train_y, l2=l2)
    assert l2 == l2_again
    assert torch.equal(first.weight, again.weight)
    torch.testing.assert_close(first.mean, full.mean)


def test_unlabeled_samples_are_left_out(problem):
    train_x, train_y, test_x, test_y = problem
    expected = linear_probe(train_x[::2], train_y[::2], test_x[::2], test_y[::2], l2=0.1)
    train_y, test_y = train_y.clone(), test_y.clone()
    train_y[1::2] = -1
    test_y[1::2] = -1
    assert linear_probe(train_x, train_y, test_x, test_y, l2=0.1) == expected


def test_top5_counts_the_five_best(generator):
    y = torch.arange(400) % 10
    x = torch.eye(10)[y] + 1.2 * torch.randn(400, 10, generator=generator)
    score = linear_probe(x[:200], y[:200], x[200:], y[200:], l2=0.01)
    classifier, _ = fit_linear_probe(x[:200], y[:200], l2=0.01)
    ranks = (classifier.scores(x[200:]).argsort(dim=1, descending=True) == y[200:, None]).int().argmax(dim=1)
    assert score.top5 == pytest.approx((ranks < 5).float().mean().item())
    assert score.top5 > score.accuracy


def test_bad_input_is_named(problem):
    train_x, train_y, test_x, test_y = problem
    with pytest.raises(ValueError, match="none of the 90 training samples has a label"):
        linear_probe(train_x, torch.full_like(train_y, -1), test_x, test_y)
    with pytest.raises(ValueError, match="910 test samples have 5 labels"):
        linear_probe(train_x, train_y, test_x, test_y[:5])
    with pytest.raises(ValueError, match=r"validation is 1\.5"):
        linear_probe(*problem, validation=1.5)
    with pytest.raises(ValueError, match="l2 is empty"):
        linear_probe(*problem, l2=())
