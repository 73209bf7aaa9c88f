"""The link to the linear theory: a feature's effective dropout, and when it is enough for another to be learned.

Setting (ours, after Feature Dropout, Tamkin et al. 2023): each view loses a feature's label with probability p and
then has any of its C classes with equal probability, as the oracle views that redraw a feature do. A shortcut feature
that every instance is told apart by suppresses others while the two views of a pair agree in it; they disagree with
probability q.
"""

import math


def effective_dropout(rate: float, num_classes: int) -> float:
    """The p that explains how often a label is destroyed: rate = p (1 − 1/C), as a redrawn label is right by chance.

    Clamped to 1: views that destroy a label more often than a redraw would (by making it look like a certain other
    one) have no p of this model.

    Raises:
        ValueError: a rate outside [0, 1], or fewer than two classes.
    """
    _check(rate, num_classes)
    return min(1.0, rate / (1 - 1 / num_classes))


def disagreement(dropout: float) -> float:
    """q = 1 − (1 − p)²: at least one of two views lost the feature, when each does so independently."""
    _check(dropout, 2)
    return 1 - (1 - dropout) ** 2


def paired_disagreement(rate: float, pair_rate: float, num_classes: int) -> float:
    """q from pairs of views of one sample: as ``disagreement``, but p may differ from sample to sample.

    With c = 1 − 1/C: q = 2 E p − E p², E p = rate / c, E p² = pair_rate / c². A view that always destroys the same
    half of the samples has p = 1/2 on average, yet q = 1/2 and not 3/4.

    Args:
        rate: at which a view loses its label.
        pair_rate: at which two views of a sample both do, see ``pair_loss``.
        num_classes: of the feature.
    """
    _check(rate, num_classes)
    correction = 1 - 1 / num_classes
    return min(1.0, max(0.0, 2 * rate / correction - pair_rate / correction**2))


def gradient_floor(shortcut_weight: float, num_negatives: int, disagree: float) -> float:
    """The part of its undisturbed gradient that an unlearned feature gets beside a shortcut of weight w.

        [(1 − q) N / (N + e^w) + q N / (N + 1)] / [N / (N + 1)]

    It is 1 at w = 0 and never below q, however well the shortcut is learned: the floor.

    Args:
        shortcut_weight: w, the logit of a match in the shortcut.
        num_negatives: N.
        disagree: q of the shortcut.
    """
    _check(disagree, 2)
    if num_negatives < 1:
        raise ValueError(f"num_negatives is {num_negatives}; it must be at least 1")
    match = math.exp(-shortcut_weight)
    return (1 - disagree) * (num_negatives + 1) * match / (num_negatives * match + 1) + disagree


def sphere_threshold(temperature: float, num_negatives: int, num_classes: int) -> float:
    """q* = α / (α + β): how often views must disagree in a shortcut for the unit sphere to have room for a feature.

    α = (e^{−1/τ} / C) / (1 + N e^{−1/τ}), β = (1 − 1/C) / (1 + N); C are the classes of the feature that is suppressed.
    Below q*, InfoNCE pushes it out, since it makes negatives alike and tells nothing that the shortcut doesn't.

    Raises:
        ValueError: a temperature that isn't positive, no negatives, or fewer than two classes.
    """
    _check(0.0, num_classes)
    if temperature <= 0 or num_negatives < 1:
        raise ValueError(f"temperature {temperature} must be positive, and num_negatives {num_negatives} at least 1")
    match = math.exp(-1 / temperature)
    cost = match / num_classes / (1 + num_negatives * match)
    return cost / (cost + (1 - 1 / num_classes) / (1 + num_negatives))


def _check(probability: float, num_classes: int) -> None:
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is no probability in [0, 1]")
    if num_classes < 2:
        raise ValueError(f"num_classes is {num_classes}; it must be at least 2")
