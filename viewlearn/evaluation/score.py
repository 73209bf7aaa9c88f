"""The accuracy of a probe, with what it takes to read it."""

import math
from dataclasses import dataclass

from torch import Tensor

from viewlearn.evaluation.intervals import wilson_interval


@dataclass(frozen=True)
class Score:
    """An accuracy on the test set, with its 95 % Wilson interval.

    Args:
        accuracy: Fraction of the labeled test samples that are classified correctly.
        low: Lower end of the interval, which covers the test sample's size, not the spread between training seeds.
        high: Upper end of the interval.
        num_train: Number of labeled training samples.
        num_test: Number of labeled test samples.
        top5: Fraction whose label is among the five highest scores; None with five classes or fewer.
        l2: Regularization of the linear probe; None for other probes.
    """

    accuracy: float
    low: float
    high: float
    num_train: int
    num_test: int
    top5: float | None = None
    l2: float | None = None

    @classmethod
    def of(cls, hits: Tensor, num_train: int, **details: float | None) -> "Score":
        """Computes the score of ``(num_test,)`` booleans: whether each sample is classified correctly."""
        num_correct, num_test = int(hits.sum()), len(hits)
        low, high = wilson_interval(num_correct, num_test)
        return cls(num_correct / num_test, low, high, num_train, num_test, **details)


@dataclass(frozen=True)
class Difference:
    """One accuracy less another, with a 95 % interval.

    Args:
        value: Difference, in [−1, 1].
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, first: Score, second: Score) -> "Difference":
        """Computes ``first − second`` with the interval that both accuracies' Wilson intervals give.

        The interval is Newcombe's (1998, method 10), for accuracies on samples of their own. Two encoders that are
        tested on the same samples and tend to err on the same ones differ less by chance, so for them it is too wide.
        """
        value = first.accuracy - second.accuracy
        down = math.hypot(first.accuracy - first.low, second.high - second.accuracy)
        up = math.hypot(first.high - first.accuracy, second.accuracy - second.low)
        return cls(value, value - down, value + up)


def labeled(x: Tensor, y: Tensor, side: str) -> tuple[Tensor, Tensor]:
    """Selects the samples that are labeled (unlabeled is −1).

    Args:
        x: Samples ``(num_samples, …)``.
        y: Their labels ``(num_samples,)``.
        side: What the samples are called in messages, such as "training".

    Raises:
        ValueError: There isn't one label per sample, or no sample is labeled.
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} {side} samples have {len(y)} labels")
    known = y >= 0
    if not known.any():
        raise ValueError(f"none of the {len(y)} {side} samples has a label")
    return (x, y) if known.all() else (x[known.to(x.device)], y[known])
