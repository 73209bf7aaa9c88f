"""What the methods ask of their arguments."""

from viewlearn.losses import check_temperature


def check_embedding(temperature: float, dim: int) -> None:
    """Raises ValueError unless the losses can take the temperature and there is at least one dimension."""
    check_temperature(temperature)
    if dim < 1:
        raise ValueError(f"dim is {dim}; it must be at least 1")


def check_momentum(momentum: float) -> None:
    """Raises ValueError unless the momentum lies in [0, 1)."""
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum}; it must lie in [0, 1)")
