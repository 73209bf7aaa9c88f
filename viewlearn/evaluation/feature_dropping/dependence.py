"""Whether two tasks' labels are destroyed together, apart, or independently."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

Verdict = Literal["independent", "exclusive", "joint"]
Shuffle = Literal["samples", "draws"]


@dataclass(frozen=True)
class Dependence:
    """How the destruction of one task's label goes with that of another's.

    Args:
        both: rate at which one view destroys both labels.
        expected: what that rate would be if the two were independent (given the sample, when draws are shuffled).
        phi: correlation of the two events, in [−1, 1]; 0 where one of them never or always happens.
        information: their mutual information in bits.
        null: its mean over the shuffles: what finite data show of information where there is none to be found.
        p_value: part of the shuffles, the observed one among them, whose ``both`` is as far from ``expected``.
        verdict: joint where ``both`` exceeds ``expected``, exclusive where it falls short, with p_value < 0.05; else
            independent.
        num_samples: samples that the reference classifiers of both tasks know.
    """

    both: float
    expected: float
    phi: float
    information: float
    null: float
    p_value: float
    verdict: Verdict
    num_samples: int


def mutual_information(a: Tensor, b: Tensor) -> float:
    """I(A; B) in bits of two events from their joint frequencies: Σ p(a, b) log₂ (p(a, b) / (p(a) p(b))).

    Args:
        a, b: booleans of the same shape.
    """
    return _information(_mean(a & b), _mean(a), _mean(b))


def dependence(
    a: Tensor,
    b: Tensor,
    *,
    shuffle: Shuffle = "samples",
    num_shuffles: int = 200,
    generator: Generator | None = None,
) -> Dependence:
    """The dependence of two destruction events, against the same data shuffled.

    Args:
        a, b: (num_samples, num_draws) booleans: whether draw j of sample i destroyed the one and the other label.
        shuffle: ``samples`` permutes b's samples, with all their draws: do the two go together at all, be it because
            some samples lose all their labels easily? ``draws`` permutes b's draws within each sample: do they go
            together in the single view, samples being what they are?
        num_shuffles: of the null; the least p-value is 1 / (num_shuffles + 1).
        generator: of the shuffles.

    Raises:
        ValueError: different or empty shapes, or another shuffle.
    """
    if a.shape != b.shape or a.ndim != 2 or a.numel() == 0:
        raise ValueError(f"events of shapes {tuple(a.shape)} and {tuple(b.shape)}; both must be (num_samples, draws)")
    if shuffle not in ("samples", "draws"):
        raise ValueError(f"shuffle is {shuffle!r}; it must be 'samples' or 'draws'")
    rate_a, rate_b, both = _mean(a), _mean(b), _mean(a & b)
    expected = rate_a * rate_b
    if shuffle == "draws":
        expected = (a.double().mean(1) * b.double().mean(1)).mean().item()
    joint = [_mean(a & _shuffled(b, shuffle, generator)) for _ in range(num_shuffles)]
    far = sum(abs(value - expected) >= abs(both - expected) - 1e-12 for value in joint)
    p_value = (1 + far) / (num_shuffles + 1)
    verdict: Verdict = "independent" if p_value >= 0.05 else "joint" if both > expected else "exclusive"
    spread = math.sqrt(rate_a * (1 - rate_a) * rate_b * (1 - rate_b))
    return Dependence(
        both=both,
        expected=expected,
        phi=(both - rate_a * rate_b) / spread if spread > 0 else 0.0,
        information=_information(both, rate_a, rate_b),
        null=sum(_information(value, rate_a, rate_b) for value in joint) / max(1, num_shuffles),
        p_value=p_value,
        verdict=verdict,
        num_samples=len(a),
    )


def _shuffled(b: Tensor, shuffle: Shuffle, generator: Generator | None) -> Tensor:
    if shuffle == "samples":
        return b[torch.randperm(len(b), generator=generator)]
    return b.gather(1, torch.rand(b.shape, generator=generator).argsort(1))


def _information(both: float, rate_a: float, rate_b: float) -> float:
    cells = (
        (both, rate_a * rate_b),
        (rate_a - both, rate_a * (1 - rate_b)),
        (rate_b - both, (1 - rate_a) * rate_b),
        (1 - rate_a - rate_b + both, (1 - rate_a) * (1 - rate_b)),
    )
    return max(0.0, sum(p * math.log2(p / q) for p, q in cells if p > 1e-12 and q > 0))


def _mean(events: Tensor) -> float:
    return events.double().mean().item()
