"""Confidence intervals of accuracies."""

import math
from statistics import NormalDist

import torch
from torch import Tensor


def wilson_interval(num_correct: int, num_samples: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a proportion: what an accuracy on ``num_samples`` independent samples leaves open.

    With p = num_correct / n and z the normal quantile of ``confidence``:
    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Unlike p ± z·se it stays within [0, 1] and isn't empty at
    p = 0 or 1. It says nothing of the spread between training seeds.

    Raises:
        ValueError: no samples, more correct ones than samples, or a confidence outside (0, 1).

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if not 0 <= num_correct <= num_samples or num_samples == 0:
        raise ValueError(f"{num_correct} correct of {num_samples} samples is no proportion")
    z = _normal_quantile(confidence)
    p, n = num_correct / num_samples, num_samples
    center = p + z**2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, (center - half) / (1 + z**2 / n)), min(1.0, (center + half) / (1 + z**2 / n))


def mean_interval(values: Tensor, confidence: float = 0.95) -> tuple[float, float]:
    """The mean of ``values`` (n,) and the half-width of its normal interval, z · sd/√n, as few-shot papers report it.

    Raises:
        ValueError: fewer than two values, or a confidence outside (0, 1).
    """
    if values.numel() < 2:
        raise ValueError(f"an interval of the mean takes at least two values; there are {values.numel()}")
    values = values.to(torch.float64)
    return values.mean().item(), _normal_quantile(confidence) * values.std().item() / math.sqrt(values.numel())


def _normal_quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must lie in (0, 1)")
    return NormalDist().inv_cdf(0.5 + confidence / 2)
