"""Whether views destroy a label: from the correct class's probability under many draws to a rate."""

from dataclasses import dataclass

import torch
from torch import Tensor

from viewlearn.evaluation.probes.intervals import mean_interval


@dataclass(frozen=True)
class Destruction:
    """How often a view generator destroys one task's label.

    Args:
        rate: part of the views of known samples in which the label is lost.
        low, high: its 95 % interval; samples are independent, the draws of one sample aren't.
        stochastic: which part of the variance is between draws of one sample. 1: every draw decides anew, as dropout
            does; 0: a sample's label is lost in all its views or in none. None where nothing varies.
        num_known: samples that the reference classifier knows when they are clean; only these count.
        num_samples: samples that were asked.
    """

    rate: float
    low: float
    high: float
    stochastic: float | None
    num_known: int
    num_samples: int


def destroyed(clean: Tensor, viewed: Tensor, threshold: float = 0.5) -> tuple[Tensor, Tensor]:
    """Which views lost their label: the correct class's probability fell below ``threshold``.

    Args:
        clean: (num_samples,) probability of the correct class on the clean sample; NaN where it has no label.
        viewed: (num_samples, num_draws) on its views.
        threshold: at 0.5 or more a label that is kept is also the classifier's answer.

    Returns:
        (num_known, num_draws) booleans, and the (num_known,) rows that they belong to: samples with at least
        ``threshold`` when clean.

    Raises:
        ValueError: a threshold outside (0, 1), or shapes that don't fit.
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
    """The rate at which a label is destroyed, and how much of it is decided anew in every draw.

    With d_ij whether draw j of sample i lost the label and r_i its mean over n draws, the rate is r = mean r_i, and
    ``stochastic`` = mean of n/(n − 1) · r_i (1 − r_i) over r (1 − r), clamped to 1: E[r_i (1 − r_i)] unbiased.

    Args:
        clean, viewed, threshold: see ``destroyed``.

    Raises:
        ValueError: as ``destroyed``, or fewer than two samples that the reference classifier knows.
    """
    lost, known = destroyed(clean, viewed, threshold)
    if len(known) < 2:
        raise ValueError(
            f"the reference classifier knows {len(known)} of {len(clean)} clean samples with probability {threshold}; "
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
    """The rate at which two different draws of one sample both lose the label, over all pairs of draws.

    Args:
        lost: (num_samples, num_draws) booleans.

    Raises:
        ValueError: fewer than two draws.
    """
    num_draws = lost.shape[1]
    if num_draws < 2:
        raise ValueError("pairs of views take at least two draws per sample")
    count = lost.double().sum(1)
    return (count * (count - 1)).mean().item() / (num_draws * (num_draws - 1))


def histogram(probabilities: Tensor, num_bins: int = 20) -> list[float]:
    """The parts of all values (NaN left out) that fall in ``num_bins`` equal bins of [0, 1]."""
    values = probabilities[~probabilities.isnan()].float()
    counts = torch.histc(values, num_bins, 0, 1)
    return (counts / max(1, len(values))).tolist()
