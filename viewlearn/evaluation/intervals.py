"""Confidence intervals of accuracies."""

import math
from statistics import NormalDist

import torch
from torch import Tensor


def wilson_interval(num_correct: int, num_samples: int, confidence: float = 0.95) -> tuple[float, float]:
    """Computes the Wilson score interval of a proportion: what an accuracy on independent samples leaves open.

    It stays within [0, 1] and isn't empty at 0 or 1. It says nothing about the spread between training seeds.

    Args:
        num_correct: Number of correct samples.
        num_samples: Number of samples.
        confidence: Probability that the interval covers the proportion, in (0, 1).

    Raises:
        ValueError: There are no samples or more correct ones than samples, or the confidence lies outside (0, 1).
    """
    if not 0 <= num_correct <= num_samples or num_samples == 0:
        raise ValueError(f"{num_correct} correct of {num_samples} samples is no proportion")
    _check_confidence(confidence)
    from scipy.stats import binomtest  # here, since it takes a second, which whoever imports a probe would wait

    interval = binomtest(num_correct, num_samples).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def mean_interval(values: Tensor, confidence: float = 0.95) -> tuple[float, float]:
    """Computes the mean of ``values`` and the half-width of its normal interval, z · sd/√n, as few-shot papers do.

    Args:
        values: ``(n,)`` values.
        confidence: Probability that the interval covers the mean, in (0, 1).

    Raises:
        ValueError: There are fewer than two values, or the confidence lies outside (0, 1).
    """
    if values.numel() < 2:
        raise ValueError(f"an interval of the mean takes at least two values; there are {values.numel()}")
    _check_confidence(confidence)
    values = values.to(torch.float64)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return values.mean().item(), z * values.std().item() / math.sqrt(values.numel())


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must lie in (0, 1)")
