"""Two effects of finitely many negatives, for features that are classes: a gradient floor, and a threshold.

A shortcut j identifies the instance; a feature k has C equally frequent classes. The views of a pair disagree in the
shortcut with probability q = 1 − (1 − p)² when each view loses it with probability p. Derivations are ours.
"""

import numpy as np
from scipy.optimize import minimize_scalar


def disagreement(destroy: float) -> float:
    """q = 1 − (1 − p)², the probability that at least one of two views lost the feature."""
    if not 0 <= destroy <= 1:
        raise ValueError(f"destroy is a probability in [0, 1], not {destroy}")
    return 1 - (1 - destroy) ** 2


def feature_pull(shortcut_weight: float, num_negatives: int, num_classes: int, disagree: float) -> float:
    """Expected gradient ``−∂L/∂w_k`` on an unlearned feature, while the shortcut has a weight (logit of a match) w.

    ``(1 − 1/C) [ (1 − q) N/(N + e^w) + q N/(N + 1) ]`` with N negatives. At q = 0 it dies like N e^{−w}; at q > 0 it
    never falls below q times its initial value.

    Args:
        shortcut_weight: w.
        num_negatives: N.
        num_classes: C of the feature.
        disagree: q of the shortcut, see ``disagreement``.
    """
    _check(num_negatives, num_classes, disagree)
    learned = num_negatives * np.exp(-shortcut_weight) / (1 + num_negatives * np.exp(-shortcut_weight))
    unlearned = num_negatives / (num_negatives + 1)
    return (1 - 1 / num_classes) * ((1 - disagree) * learned + disagree * unlearned)


def sphere_loss(energy: float, temperature: float, num_negatives: int, num_classes: int, disagree: float) -> float:
    """Loss of a unit embedding that gives the share ``energy`` to the feature and the rest to the shortcut.

    ``(1 − q) ln(1 + N g e^{−1/τ}) + q ln(1 + N g e^{−e/τ})``, g = 1 − 1/C + e^{e/τ}/C the mean over negatives, which
    many negatives justify.
    """
    shared = 1 - 1 / num_classes + np.exp(energy / temperature) / num_classes
    agree = np.log1p(num_negatives * shared * np.exp(-1 / temperature))
    differ = np.log1p(num_negatives * shared * np.exp(-energy / temperature))
    return (1 - disagree) * agree + disagree * differ


def sphere_threshold(temperature: float, num_negatives: int, num_classes: int) -> float:
    """Disagreement ``q* = α/(α + β)`` of the shortcut above which the feature gets energy on the unit sphere.

    α = (e^{−1/τ}/C)/(1 + N e^{−1/τ}) is what the feature costs by making negatives alike, β = (1 − 1/C)/(1 + N) what it
    gains when the shortcut fails. At q = 0 the feature is pushed out, however useful.
    """
    _check(num_negatives, num_classes, 0.0)
    if not temperature > 0:
        raise ValueError(f"temperature is positive, not {temperature}")
    match = np.exp(-1 / temperature)
    cost = match / num_classes / (1 + num_negatives * match)
    gain = (1 - 1 / num_classes) / (1 + num_negatives)
    return float(cost / (cost + gain))


def sphere_optimum(temperature: float, num_negatives: int, num_classes: int, disagree: float) -> float:
    """The energy share in [0, 1] that minimizes ``sphere_loss``, to 1e-8."""
    _check(num_negatives, num_classes, disagree)

    def loss(energy: float) -> float:
        return sphere_loss(energy, temperature, num_negatives, num_classes, disagree)

    grid = np.linspace(0, 1, 401)
    best = int(np.argmin(loss(grid)))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, 400)]
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-9}).x
    return float(min((grid[best], found), key=loss))


def _check(num_negatives: int, num_classes: int, disagree: float) -> None:
    if num_negatives < 1:
        raise ValueError(f"num_negatives is at least 1, not {num_negatives}")
    if num_classes < 2:
        raise ValueError(f"num_classes is at least 2, not {num_classes}")
    if not 0 <= disagree <= 1:
        raise ValueError(f"disagree is a probability in [0, 1], not {disagree}")
