"""Checks that the constructors of views share: ranges, fractions, and arguments that a run binds from its data."""

import math
from typing import TypeVar

from viewlearn.views.view import View

Range = tuple[float, float]
Value = TypeVar("Value")


def check_range(name: str, value: Range, low: float = -math.inf, high: float = math.inf) -> Range:
    """Returns ``value`` as two floats; raises ValueError unless ``low <= value[0] <= value[1] <= high``."""
    if len(value) != 2 or not low <= value[0] <= value[1] <= high:
        raise ValueError(f"{name} is {value}; it must be (smallest, largest) within [{low:g}, {high:g}]")
    return float(value[0]), float(value[1])


def check_fraction(name: str, value: float) -> float:
    """Returns ``value``, a fraction or a probability; raises ValueError unless it lies in [0, 1]."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; it must lie in [0, 1]")
    return value


def require(owner: View, name: str, value: Value | None) -> Value:
    """Returns ``value``; raises ValueError if it was neither given nor bound from a run's data."""
    if value is None:
        raise ValueError(f"{type(owner).__name__} needs {name}: give it, or let a run bind it from its data")
    return value
