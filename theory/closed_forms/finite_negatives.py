"""A unit embedding shared by a shortcut and a feature, under finitely many negatives: its loss and its optimum.

A shortcut identifies the instance; a feature has C equally frequent classes. The two views of a pair disagree in the
shortcut with probability q; ``viewlearn.evaluation.feature_dropping.sphere_threshold`` is the q above which the feature
gets a share. Derivations are ours.
"""

import numpy as np


def sphere_loss(energy: float, temperature: float, num_negatives: int, num_classes: int, disagree: float) -> float:
    """Returns the loss of a unit embedding that gives the share e to the feature and the rest to the shortcut.

    It is ``(1 − q) ln(1 + N g e^{−1/τ}) + q ln(1 + N g e^{−e/τ})`` with the mean over negatives
    g = 1 − 1/C + e^{e/τ}/C, which many negatives justify.

    Args:
        energy: Share e in [0, 1].
        temperature: τ > 0.
        num_negatives: Number N of negatives.
        num_classes: Number C of classes of the feature.
        disagree: Probability q that the views of a pair disagree in the shortcut.
    """
    shared = 1 - 1 / num_classes + np.exp(energy / temperature) / num_classes
    agree = np.log1p(num_negatives * shared * np.exp(-1 / temperature))
    differ = np.log1p(num_negatives * shared * np.exp(-energy / temperature))
    return (1 - disagree) * agree + disagree * differ


def sphere_optimum(temperature: float, num_negatives: int, num_classes: int, disagree: float) -> float:
    """Returns the energy share in [0, 1] that minimizes ``sphere_loss``, to 1e-8; arguments as there."""
    _check(num_negatives, num_classes, disagree)

    def loss(energy: float) -> float:
        return sphere_loss(energy, temperature, num_negatives, num_classes, disagree)

    grid = np.linspace(0, 1, 401).tolist()
    best = int(np.argmin([loss(energy) for energy in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, 400)]
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-9}).x
    return float(min((grid[best], found), key=loss))


def _check(num_negatives: int, num_classes: int, disagree: float) -> None:
    if num_negatives < 1:
        raise ValueError(f"num_negatives must be at least 1, not {num_negatives}")
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, not {num_classes}")
    if not 0 <= disagree <= 1:
        raise ValueError(f"disagree must be a probability in [0, 1], not {disagree}")
