"""Laws of a shortcut of k bits, against simulations of what they idealize."""

import math

import numpy as np
import pytest

from theory import critical_bits, critical_dropping, negative_similarity, onset_slope, residual_loss, unsolved


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("bits", "negatives"), [(2, 63), (5, 255), (8, 255), (12, 999)])
def test_residual_loss_is_that_of_counted_negatives(rng, bits, negatives):
    alike = rng.binomial(negatives, 2.0**-bits, 200_000)
    drawn = np.log1p(alike)
    assert residual_loss(bits, negatives) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / math.sqrt(len(drawn)))


def test_residual_loss_ends():
    assert residual_loss(0, 255) == pytest.approx(math.log(256), rel=1e-12)
    assert residual_loss(40, 255) == pytest.approx(255 * 2.0**-40 * math.log(2), rel=1e-3)
    for k in range(12):
        assert residual_loss(k + 1, 255) < residual_loss(k, 255)


def simulated_slope(rng, bits, temperature, correlation, negatives, dropping=0.0, draws=400):
    """dL/de at e = 0 over drawn batches: the derivative of the loss itself, which knows no closed form.

    Similarities of codes are drawn; those in B are λ of the partner and 0 of negatives.
    """
    strangers = 2 * rng.binomial(bits, 0.5, (draws, negatives + 1)) / bits - 1  # the mean of products of fair signs
    positive = np.where(rng.random((draws, 1)) < (1 - dropping) ** 2, 1.0, strangers[:, :1])
    negative = strangers[:, 1:]

    def loss(e):
        s = np.concatenate([(1 - e) * positive + e * correlation, (1 - e) * negative], axis=1) / temperature
        return np.log(np.exp(s - s.max(1, keepdims=True)).sum(1)) + s.max(1) - s[:, 0]

    slopes = (loss(1e-4) - loss(0)) / 1e-4
    return slopes.mean(), slopes.std() / math.sqrt(draws)


@pytest.mark.parametrize(("bits", "temperature"), [(4, 0.5), (6, 0.2), (10, 0.2)])
def test_onset_slope_is_that_of_the_simulated_loss(rng, bits, temperature):
    found, error = simulated_slope(rng, bits, temperature, 0.4, 1000)
    # Means in place of sums over 1,000 negatives: a tenth, and 0.02 where the slope is near its zero.
    assert onset_slope(bits, temperature, 0.4, 1000) == pytest.approx(found, rel=0.1, abs=0.02 + 4 * error)


@pytest.mark.parametrize(("temperature", "correlation"), [(0.2, 0.4), (0.5, 0.4), (0.2, 0.2)])
def test_the_knee_is_where_the_simulated_slope_changes_sign(rng, temperature, correlation):
    knee = critical_bits(temperature, correlation)
    below, above = math.floor(knee - 0.5), math.ceil(knee + 0.5)
    assert simulated_slope(rng, below, temperature, correlation, 1000)[0] < 0
    assert simulated_slope(rng, above, temperature, correlation, 1000)[0] > 0


@pytest.mark.parametrize(("bits", "expected"), [(8, 0.020), (12, 0.092), (16, 0.134)])
def test_dropping_reopens_the_feature(rng, bits, expected):
    p = float(critical_dropping(bits, 0.2, 0.4, 255))
    assert p == pytest.approx(expected, abs=0.001)
    draws = 3000
    more, error = simulated_slope(rng, bits, 0.2, 0.4, 255, p + 0.03, draws)
    assert more + 2 * error < 0
    less, error = simulated_slope(rng, bits, 0.2, 0.4, 255, max(0.0, p - 0.03), draws)
    assert less - 2 * error > 0


def test_closed_forms_agree_with_each_other():
    knee = critical_bits(0.2, 0.4)
    assert knee == pytest.approx(7.2, abs=0.05)
    assert negative_similarity(knee, 0.2) == pytest.approx(0.6, rel=1e-12)
    assert onset_slope(knee, 0.2, 0.4, 255) == pytest.approx(0, abs=1e-12)
    assert critical_dropping([0, 4, 7], 0.2, 0.4, 255) == pytest.approx([0, 0, 0])
    assert unsolved(0, 0.2, 255) == pytest.approx(255 / 256)
    # Enumerating all codes of 6 bits: what the softmax of many negatives gives.
    signs = np.array([[1 - 2 * (code >> j & 1) for j in range(6)] for code in range(64)]).mean(1)
    weights = np.exp(signs / 0.3)
    assert negative_similarity(6, 0.3) == pytest.approx((weights * signs).sum() / weights.sum(), rel=1e-12)
    assert unsolved(6, 0.3, 255) == pytest.approx(1 / (1 + 1 / (255 * np.exp((signs - 1) / 0.3).mean())), rel=1e-12)


def test_what_is_not_allowed_is_said():
    with pytest.raises(ValueError, match=r"correlation must be in \(0, 1\), not 1"):
        critical_bits(0.2, 1)
    with pytest.raises(ValueError, match="temperature must be above 0"):
        negative_similarity(3, 0)
    with pytest.raises(ValueError, match="bits must be 0 or more, not -1"):
        residual_loss(-1, 255)
    with pytest.raises(ValueError, match="num_negatives must be 1 or more"):
        unsolved(3, 0.2, 0)
