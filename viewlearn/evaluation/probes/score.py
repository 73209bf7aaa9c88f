"""The accuracy of a probe, with what it takes to read it."""

from dataclasses import dataclass

from torch import Tensor

from viewlearn.evaluation.probes.intervals import wilson_interval


@dataclass(frozen=True)
class Score:
    """An accuracy on the test set, with its 95 % Wilson interval.

    Args:
        accuracy: the part of the labeled test samples that is classified correctly.
        low, high: the interval; it covers the test sample's size, not the spread between training seeds.
        num_train, num_test: labeled samples on either side.
        top5: the part whose label is among the five highest scores; None with five classes or fewer.
        l2: the linear probe's regularization; None for others.
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
        """The score of (num_test,) booleans."""
        num_correct, num_test = int(hits.sum()), len(hits)
        low, high = wilson_interval(num_correct, num_test)
        return cls(num_correct / num_test, low, high, num_train, num_test, **details)


def labeled(x: Tensor, y: Tensor, side: str) -> tuple[Tensor, Tensor]:
    """The samples whose label isn't negative (negative: unlabeled).

    Raises:
        ValueError: as many labels as samples are needed, and one of them labeled; ``side`` names them in the message.
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} {side} samples have {len(y)} labels")
    known = y >= 0
    if not known.any():
        raise ValueError(f"none of the {len(y)} {side} samples has a label")
    return (x, y) if known.all() else (x[known.to(x.device)], y[known])
