"""Whether views destroy a label: from the correct class's probability under many draws to a rate."""

from dataclasses import dataclass

import torch
from torch import Tensor

from viewlearn.evaluation.intervals import mean_interval


@dataclass(frozen=True)
class Destruction:
    """How often one kind of views destroys one task's label.

    Args:
        rate: Fraction of the views of known samples in which the label is lost.
        low: Lower end of its 95 % interval; samples are independent, the draws of one sample aren't.
        high: Upper end of the interval.
        stochastic: Fraction of the variance that is between draws of one sample: 1 if every draw decides anew, as
            dropout does; 0 if a sample's label is lost in all its views or in none. None where nothing varies.
        num_known: Number of samples that the judge knows when they are clean; only these count.
        num_samples: Number of all samples.
    """

    rate: float
    low: float
    high: float
    stochastic: float | None
    num_known: int
    num_samples: int


class TooFewKnown(ValueError):
    """A judge knows too few clean samples for a rate."""


def destroyed(clean: Tensor, viewed: Tensor, threshold: float = 0.5) -> tuple[Tensor, Tensor]:
    """Decides which views lost their label: the correct class's probability fell below ``threshold``.

    Args:
        clean: Probability of the correct class on each clean sample, ``(num_samples,)``; NaN where it has no label.
        viewed: The same on each sample's views, ``(num_samples, num_draws)``.
        threshold: Probability in (0, 1); at 0.5 or more, a label that is kept is also the judge's answer.

    Returns:
        Whether each view lost its label, ``(num_known, num_draws)`` booleans, and the rows ``(num_known,)`` that they
        belong to: the samples that have at least ``threshold`` when clean.

    Raises:
        ValueError: The threshold lies outside (0, 1), or the shapes don't fit.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"threshold is {threshold}; it is a probability in (0, 1)")
    if clean.ndim != 1 or viewed.ndim != 2 or len(clean) != len(viewed):
        raise ValueError(
            f"probabilities of shapes {tuple(clean.shape)} and {tuple(viewed.shape)}; "
            "they must be (num_samples,) and (num_samples, num_draws)"
        )
    known = (clean >= threshold).nonzero().squeeze(1)
    return viewed[known] < threshold, known


def destruction(clean: Tensor, viewed: Tensor, threshold: float = 0.5) -> Destruction:
    """Computes the rate at which a label is destroyed, and how much of that is decided anew in every draw.

    With d_ij telling whether draw j of sample i lost the label and r_i its mean over n draws, the rate is r = mean
    r_i, and ``stochastic`` is the mean of n/(n − 1) · r_i (1 − r_i) over r (1 − r), at most 1: an unbiased estimate of
    E[r_i (1 − r_i)].

    Args:
        clean: Probability of the correct class on each clean sample, see ``destroyed``.
        viewed: The same on each sample's views.
        threshold: Probability below which a label counts as lost.

    Raises:
        TooFewKnown: The judge knows fewer than two samples.
        ValueError: As ``destroyed`` does.
    """
    lost, known = destroyed(clean, viewed, threshold)
    if len(known) < 2:
        raise TooFewKnown(
            f"the judge knows {len(known)} of {len(clean)} clean samples with probability {threshold}; "
            "a rate takes at least two: train it longer, or lower the threshold"
        )
    rates = lost.double().mean(1)
    rate, half = mean_interval(rates)
    num_draws = lost.shape[1]
    spread = rate * (1 - rate)
    stochastic = None
    if spread > 0 and num_draws > 1:
        within = (rates * (1 - rates)).mean().item() * num_draws / (num_draws - 1)
        stochastic = min(1.0, within / spread)
    return Destruction(rate, max(0.0, rate - half), min(1.0, rate + half), stochastic, len(known), len(clean))


def pair_loss(lost: Tensor) -> float:
    """Computes the rate at which two different draws of one sample both lose the label, over all pairs of draws.

    Args:
        lost: Whether each view lost its label, ``(num_samples, num_draws)`` booleans.

    Raises:
        ValueError: There are fewer than two draws.
    """
    num_draws = lost.shape[1]
    if num_draws < 2:
        raise ValueError("pairs of views take at least two draws per sample")
    count = lost.double().sum(1)
    return (count * (count - 1)).mean().item() / (num_draws * (num_draws - 1))


def histogram(probabilities: Tensor, num_bins: int = 20) -> list[float]:
    """Computes the fractions of the values that fall in ``num_bins`` equal bins of [0, 1]; NaN is left out."""
    values = probabilities[~probabilities.isnan()].float()
    counts = torch.histc(values, num_bins, 0, 1)
    return (counts / max(1, len(values))).tolist()
