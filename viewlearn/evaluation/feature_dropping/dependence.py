"""Whether two tasks' labels are destroyed together, apart, or independently."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Generator, Tensor

Verdict = Literal["independent", "exclusive", "joint"]
Shuffle = Literal["samples", "draws"]


@dataclass(frozen=True)
class Dependence:
    """How the destruction of one task's label goes with that of another's.

    Args:
        both: Rate at which one view destroys both labels.
        expected: The same rate if the two were independent (given the sample, where draws are shuffled).
        phi: Correlation of the two events, in [−1, 1]; 0 where one of them never or always happens.
        information: Mutual information of the two events, in bits.
        null: Mean of the mutual information over the shuffles: what finite data show where there is none.
        p_value: Fraction of the shuffles, counting the data as one of them, whose ``both`` is as far from
            ``expected``.
        verdict: "joint" where ``both`` exceeds ``expected`` and "exclusive" where it falls short, with a p-value below
            0.05; otherwise "independent".
        num_samples: Number of samples that the judges of both tasks know.
    """

    both: float
    expected: float
    phi: float
    information: float
    null: float
    p_value: float
    verdict: Verdict
    num_samples: int


def dependence(
    a: Tensor,
    b: Tensor,
    *,
    shuffle: Shuffle = "samples",
    num_shuffles: int = 200,
    generator: Generator | None = None,
) -> Dependence:
    """Compares how often two labels are destroyed together with the same data shuffled.

    Args:
        a: Whether draw j of sample i destroyed the first label, ``(num_samples, num_draws)`` booleans.
        b: The same for the second label.
        shuffle: What is permuted. "samples" permutes b's samples with all their draws and asks whether the two go
            together at all, if only because some samples lose all their labels easily; "draws" permutes b's draws
            within each sample and asks whether they go together in a single view, given the sample.
        num_shuffles: Number of shuffles, at least 1; the smallest possible p-value is 1 / (num_shuffles + 1).
        generator: Source of the shuffles.

    Raises:
        ValueError: The shapes differ or are empty, or ``shuffle`` is unknown.
    """
    if a.shape != b.shape or a.ndim != 2 or a.numel() == 0:
        raise ValueError(f"events of shapes {tuple(a.shape)} and {tuple(b.shape)}; both must be (num_samples, draws)")
    if shuffle not in ("samples", "draws"):
        raise ValueError(f"shuffle is {shuffle!r}; it must be 'samples' or 'draws'")
    num_a, num_b, num_both, num = int(a.sum()), int(b.sum()), int((a & b).sum()), a.numel()
    rate_a, rate_b, both = num_a / num, num_b / num, num_both / num
    expected = rate_a * rate_b
    if shuffle == "draws":
        expected = (a.double().mean(1) * b.double().mean(1)).mean().item()
    shuffled = [int((a & _shuffled(b, shuffle, generator)).sum()) for _ in range(num_shuffles)]
    far = sum(abs(value / num - expected) >= abs(both - expected) - 1e-12 for value in shuffled)
    p_value = (1 + far) / (num_shuffles + 1)
    verdict: Verdict = "independent" if p_value >= 0.05 else "joint" if both > expected else "exclusive"
    spread = math.sqrt(rate_a * (1 - rate_a) * rate_b * (1 - rate_b))
    information = _mutual_information([num_both, *shuffled], num_a, num_b, num)
    return Dependence(
        both=both,
        expected=expected,
        phi=(both - rate_a * rate_b) / spread if spread > 0 else 0.0,
        information=float(information[0]),
        null=float(information[1:].mean()),
        p_value=p_value,
        verdict=verdict,
        num_samples=len(a),
    )


def _shuffled(b: Tensor, shuffle: Shuffle, generator: Generator | None) -> Tensor:
    if shuffle == "samples":
        return b[torch.randperm(len(b), generator=generator)]
    return b.gather(1, torch.rand(b.shape, generator=generator).argsort(1))


def _mutual_information(num_both: Sequence[int], num_a: int, num_b: int, num: int) -> np.ndarray:
    """Computes I(A; B) in bits for each count of how often both events happen."""
    from scipy.stats import entropy  # here, since it takes a second, which whoever imports an analysis would wait

    both = np.asarray(num_both)
    joint = np.stack([num - num_a - num_b + both, num_b - both, num_a - both, both], axis=1)
    independent = np.outer([num - num_a, num_a], [num - num_b, num_b]).ravel()
    return entropy(joint, independent, base=2, axis=1).clip(min=0)
