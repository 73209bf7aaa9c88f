import math

import pytest
import torch
from scipy.stats import norm

from viewlearn.evaluation import mean_interval, wilson_interval


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (10, 10), (7, 10), (481, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_wilson_is_the_closed_form(correct, total, confidence):
    z, p, n = norm.ppf(0.5 + confidence / 2), correct / total, total
    center, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = (center - half) / (1 + z**2 / n), (center + half) / (1 + z**2 / n)
    assert wilson_interval(correct, total, confidence) == pytest.approx(expected, abs=1e-12)


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
