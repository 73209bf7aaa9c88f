import warnings
from dataclasses import replace

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from viewlearn.evaluation.probes import fit_logistic
from viewlearn.evaluation.probes import logistic as logistic_module
from viewlearn.evaluation.probes.logistic import objective


def clusters(num_samples, num_classes, num_features, spread, generator):
    y = torch.randint(num_classes, (num_samples,), generator=generator)
    centers = torch.randn(num_classes, num_features, generator=generator)
    return centers[y] + spread * torch.randn(num_samples, num_features, generator=generator), y


def sklearn_fit(x, y, l2):
    """Weight and bias of scikit-learn's classifier of standardized features, one row per class."""
    x = ((x - x.mean(0)) / x.std(0, correction=0)).double().numpy()
    two = len(y.unique()) == 2
    strength = l2 * len(x) / (2 if two else 1)
    model = LogisticRegression(C=1 / strength, tol=1e-8, max_iter=1000).fit(x, y.numpy())
    parameters = torch.from_numpy(model.coef_).float(), torch.from_numpy(model.intercept_).float()
    return tuple(torch.cat([-each, each]) / 2 for each in parameters) if two else parameters


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("l2", [1e-1, 1e-3])
def test_scikit_learn_agrees(num_classes, l2, generator):
    x, y = clusters(400, num_classes, 12, 2.0, generator)
    x = x * torch.logspace(-2, 2, 12) + 5
    ours = fit_logistic(x, y, l2, tolerance=1e-6)
    weight, bias = sklearn_fit(x, y, l2)
    peer = replace(ours, weight=weight, bias=bias)
    torch.testing.assert_close(ours.weight, peer.weight, atol=2e-3, rtol=2e-3)
    torch.testing.assert_close(ours.scores(x).softmax(1), peer.scores(x).softmax(1), atol=1e-3, rtol=0)
    assert (ours.predict(x) == peer.predict(x)).float().mean() > 0.99


@pytest.mark.parametrize("rows", [7, 100])
def test_objective_is_mean_cross_entropy_and_its_gradient(rows, generator, monkeypatch):
    monkeypatch.setattr(logistic_module, "ROWS", rows)
    x, y = clusters(30, 4, 5, 1.0, generator)
    weight = torch.randn(4, 5, generator=generator, requires_grad=True)
    bias = torch.randn(4, generator=generator, requires_grad=True)
    expected = functional.cross_entropy(x @ weight.T + bias, y) + 0.05 * weight.square().sum()
    expected.backward()
    loss, weight_grad, bias_grad = objective(x, y, weight.detach(), bias.detach(), 0.1)
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(weight_grad, weight.grad)
    torch.testing.assert_close(bias_grad, bias.grad)


def test_gradient_vanishes_at_the_fit(generator):
    x, y = clusters(300, 3, 6, 1.5, generator)
    fit = fit_logistic(x, y, 0.01, tolerance=1e-5)
    _, weight_grad, bias_grad = objective((x - fit.mean) / fit.std, y, fit.weight, fit.bias, 0.01)
    assert max(weight_grad.abs().max(), bias_grad.abs().max()) < 1e-4


def test_rescaling_and_constant_features_change_nothing(generator):
    x, y = clusters(200, 3, 4, 1.0, generator)
    plain = fit_logistic(x, y, 0.01).scores(x)
    moved = torch.cat([1000 * x + 7, torch.full((200, 1), 0.3)], dim=1)
    torch.testing.assert_close(fit_logistic(moved, y, 0.01).scores(moved), plain, atol=5e-3, rtol=0)


def test_labels_need_not_be_contiguous(generator):
    x, y = clusters(200, 3, 4, 0.1, generator)
    labels = torch.tensor([4, 9, 11])[y]
    fit = fit_logistic(x, labels, 0.01)
    assert fit.classes.tolist() == [4, 9, 11]
    assert (fit.predict(x) == labels).all()
    assert not fit.hits(x, torch.full_like(labels, 5)).any()


@pytest.mark.parametrize("num_classes", [2, 4])
def test_a_warm_start_ends_at_the_same_minimum(num_classes, generator):
    x, y = clusters(300, num_classes, 8, 2.0, generator)
    start = fit_logistic(x, y, 1.0)
    warm = fit_logistic(x, y, 0.01, start=start, tolerance=1e-6)
    cold = fit_logistic(x, y, 0.01, tolerance=1e-6)
    torch.testing.assert_close(warm.weight, cold.weight, atol=1e-3, rtol=1e-3)
    assert not torch.equal(start.weight, warm.weight)


def test_turned_coordinates_lead_to_the_same_minimum_sooner(generator, monkeypatch):
    """Features as correlated as a network's, on which plain L-BFGS takes many passes."""
    x, y = clusters(2_000, 4, 40, 2.0, generator)
    x = x @ torch.randn(40, 40, generator=generator) @ torch.diag(torch.logspace(0, -2, 40)) + x.mean(1, keepdim=True)
    passes, least = [], []
    for worth in (x.numel() + 1, x.numel()):  # never turned, turned
        counted = [0]

        def counting(*arguments, counted=counted):
            counted[0] += 1
            return objective(*arguments)

        monkeypatch.setattr(logistic_module, "WORTH_TURNING", worth)
        monkeypatch.setattr(logistic_module, "objective", counting)
        fit = fit_logistic(x.double(), y, 1e-3, tolerance=1e-7)
        passes.append(counted[0])
        least.append(objective((x.double() - fit.mean) / fit.std, y, fit.weight, fit.bias, 1e-3)[0])
    assert least[1] == pytest.approx(least[0], abs=1e-7)  # its weights are known to the root of that
    assert passes[1] < passes[0] / 2


def test_it_says_when_it_did_not_converge(generator):
    x, y = clusters(100, 3, 4, 2.0, generator)
    with pytest.warns(UserWarning, match="didn't converge in 2 iterations"):
        fit_logistic(x, y, 1e-4, max_iterations=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_logistic(x, y, 1e-4)


def test_bad_input_is_named(generator):
    x, y = clusters(20, 2, 3, 1.0, generator)
    with pytest.raises(ValueError, match="l2 is 0"):
        fit_logistic(x, y, 0)
    with pytest.raises(ValueError, match=r"all \[1\]"):
        fit_logistic(x, torch.ones(20, dtype=torch.long), 1)
    x[3, 1] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        fit_logistic(x, y, 1)


@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_fit_really_starts_from_the_other_one(num_classes, generator):
    x, y = clusters(300, num_classes, 8, 2.0, generator)
    found = fit_logistic(x, y, 0.01, tolerance=1e-6)
    again = fit_logistic(x, y, 0.01, start=found, max_iterations=1, tolerance=1e-4)
    torch.testing.assert_close(again.weight, found.weight, atol=1e-5, rtol=1e-5)
