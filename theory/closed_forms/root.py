"""The root of a function of one variable."""

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Returns where a function is 0 between two points at which its signs differ (Brent's method)."""
    from scipy.optimize import root_scalar  # here and in other closed forms, since it takes half a second

    return float(root_scalar(function, bracket=(low, high), method="brentq", xtol=tolerance).root)
