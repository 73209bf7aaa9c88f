"""Commands of ``python experiments/theory.py``."""

from linear_model.commands import main

__all__ = ["main"]
