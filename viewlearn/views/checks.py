"""What the constructors of views share: the type of a range, and arguments that a run binds from its data."""

from typing import TypeVar

from viewlearn.views.view import View

Range = tuple[float, float]
Value = TypeVar("Value")


def require(owner: View, name: str, value: Value | None) -> Value:
    """Returns ``value``; raises ValueError if it was neither given nor bound from a run's data."""
    if value is None:
        raise ValueError(f"{type(owner).__name__} needs {name}: give it, or let a run bind it from its data")
    return value
