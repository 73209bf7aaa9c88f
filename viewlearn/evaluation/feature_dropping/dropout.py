"""Laws of the linear theory: a feature's effective dropout, and when it is enough for another one to be learned.

In this setting (ours, after Feature Dropout, Tamkin et al. 2023), each view loses a feature's label with probability p
and then has any of its C classes with equal probability, as the oracle views that redraw a feature do. A shortcut
feature that tells every instance apart suppresses other features while the two views of a pair agree in it; they
disagree with probability q.
"""

import math


def effective_dropout(rate: float, num_classes: int) -> float:
    """Computes the p that explains how often a label is destroyed.

    It solves rate = p (1 − 1/C), as a redrawn label is right by chance, and is at most 1: views that destroy a label
    more often than a redraw would (by making it look like a certain other one) have no p of this model.

    Args:
        rate: Rate at which a view loses its label, in [0, 1].
        num_classes: Number of classes C of the feature.

    Raises:
        ValueError: The rate lies outside [0, 1], or there are fewer than two classes.
    """
    _check(rate, num_classes)
    return min(1.0, rate / (1 - 1 / num_classes))


def disagreement(dropout: float) -> float:
    """Computes q = 1 − (1 − p)²: at least one of two views lost the feature, where each does so independently.

    Args:
        dropout: Probability p that a view loses the feature.

    Raises:
        ValueError: p lies outside [0, 1].
    """
    _check(dropout, 2)
    return 1 - (1 - dropout) ** 2


def paired_disagreement(rate: float, pair_rate: float, num_classes: int) -> float:
    """Computes q from pairs of views of one sample: as ``disagreement``, but p may differ between samples.

    With c = 1 − 1/C, q = 2 E p − E p², where E p = rate / c and E p² = pair_rate / c². A view that always destroys the
    same half of the samples has p = 1/2 on average, yet q = 1/2 and not 3/4.

    Args:
        rate: Rate at which a view loses its label, in [0, 1].
        pair_rate: Rate at which two views of a sample both do, see ``pair_loss``.
        num_classes: Number of classes C of the feature.

    Raises:
        ValueError: The rate lies outside [0, 1], or there are fewer than two classes.
    """
    _check(rate, num_classes)
    correction = 1 - 1 / num_classes
    return min(1.0, max(0.0, 2 * rate / correction - pair_rate / correction**2))


def gradient_floor(shortcut_weight: float, num_negatives: int, disagree: float) -> float:
    """Computes the fraction of its undisturbed gradient that an unlearned feature gets beside a shortcut.

    ::

        [(1 − q) N / (N + e^w) + q N / (N + 1)] / [N / (N + 1)]

    It is 1 at w = 0 and never below q, however well the shortcut is learned: the floor.

    Args:
        shortcut_weight: Logit w of a match in the shortcut.
        num_negatives: Number of negatives N.
        disagree: Probability q that a pair disagrees in the shortcut.

    Raises:
        ValueError: q lies outside [0, 1], or there are no negatives.
    """
    _check(disagree, 2)
    if num_negatives < 1:
        raise ValueError(f"num_negatives is {num_negatives}; it must be at least 1")
    match = math.exp(-shortcut_weight)
    return (1 - disagree) * (num_negatives + 1) * match / (num_negatives * match + 1) + disagree


def sphere_threshold(temperature: float, num_negatives: int, num_classes: int) -> float:
    """Computes q*: how often views must disagree in a shortcut for the unit sphere to have room for a feature.

    q* = α / (α + β), where α = (e^{−1/τ} / C) / (1 + N e^{−1/τ}) is what the feature costs by making negatives alike,
    and β = (1 − 1/C) / (1 + N) what it gains where the shortcut fails. Below q*, InfoNCE pushes the feature out,
    however useful.

    Args:
        temperature: Temperature τ of the loss.
        num_negatives: Number of negatives N.
        num_classes: Number of classes C of the feature that is suppressed.

    Raises:
        ValueError: The temperature isn't positive, there are no negatives, or fewer than two classes.
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
