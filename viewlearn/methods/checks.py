"""What the methods ask of their arguments."""


def check_embedding(temperature: float, dim: int) -> None:
    """Raises ValueError unless the temperature is positive and there is at least one dimension."""
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it must be positive")
    if dim < 1:
        raise ValueError(f"dim is {dim}; it must be at least 1")


def check_momentum(momentum: float) -> None:
    """Raises ValueError unless the momentum lies in [0, 1)."""
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum is {momentum}; it must lie in [0, 1)")
