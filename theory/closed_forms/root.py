"""The root of a function of one variable."""

from collections.abc import Callable

from scipy.optimize import root_scalar


def root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Returns where a function is 0 between two points at which its signs differ (Brent's method)."""
    return float(root_scalar(function, bracket=(low, high), method="brentq", xtol=tolerance).root)
