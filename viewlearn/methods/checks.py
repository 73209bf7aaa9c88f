"""Checks of arguments that methods share."""

from viewlearn.losses import check_temperature


def check_embedding(temperature: float, dim: int) -> None:
    """Raises ValueError for a temperature that the losses can't take, or a dimension below 1."""
    check_temperature(temperature)
    if dim < 1:
        raise ValueError(f"dim is {dim}; it must be at least 1")


def check_momentum(momentum: float) -> None:
    """Raises ValueError for a momentum outside [0, 1)."""
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum}; it must lie in [0, 1)")
