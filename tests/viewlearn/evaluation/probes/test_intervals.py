import pytest
import torch
from scipy.stats import binomtest

from viewlearn.evaluation import mean_interval, wilson_interval


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (10, 10), (7, 10), (481, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilson_matches_scipy(correct, total, confidence):
    expected = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    assert wilson_interval(correct, total, confidence) == pytest.approx(tuple(expected), abs=1e-9)


def test_mean_interval_is_two_standard_errors():
    mean, half = mean_interval(torch.tensor([0.2, 0.4, 0.6]))
    assert mean == pytest.approx(0.4)
    assert half == pytest.approx(1.959964 * 0.2 / 3**0.5, rel=1e-6)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="0 correct of 0"):
        wilson_interval(0, 0)
    with pytest.raises(ValueError, match="11 correct of 10"):
        wilson_interval(11, 10)
    with pytest.raises(ValueError, match="confidence is 1"):
        wilson_interval(1, 2, 1)
    with pytest.raises(ValueError, match="at least two"):
        mean_interval(torch.tensor([1.0]))
