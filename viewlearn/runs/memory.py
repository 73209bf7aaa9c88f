"""What training keeps where there is no folder."""

import copy
from pathlib import Path
from typing import Any

from torch import nn


class MemoryStore:
    """Keeps in memory what training measures, and the newest state; a ``viewlearn.training.Store``.

    Attributes:
        metrics: Lines of what was measured at a step, in order.
        timings: Lines of what depends on the clock.
        compute: Steps, floating-point operations of a step, and TFLOP of the whole training.
    """

    checkpoints: Path | None = None

    def __init__(self):
        self.metrics: list[dict[str, Any]] = []
        self.timings: list[dict[str, Any]] = []
        self.compute: dict[str, Any] = {}
        self._newest: tuple[int, dict[str, Any]] | None = None

    def log_metrics(self, line: dict[str, Any]) -> None:
        """Adds a line of what was measured at a step."""
        self.metrics.append(line)

    def log_timings(self, line: dict[str, Any]) -> None:
        """Adds a line of what depends on the clock."""
        self.timings.append(line)

    def rewind(self, step: int) -> None:
        """Drops lines from after ``step``."""
        self.metrics = [line for line in self.metrics if line["step"] <= step]
        self.timings = [line for line in self.timings if line["step"] <= step]

    def save_checkpoint(self, step: int, state: dict[str, Any], keep: int) -> None:
        """Keeps a copy of the state after a step, in place of the one before."""
        self._newest = (step, copy.deepcopy(state))

    def load_newest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        """Returns a copy of the state that is kept, as (step, state); None if there is none."""
        return copy.deepcopy(self._newest)

    def save_compute(self, compute: dict[str, Any]) -> None:
        """Keeps what the training costs."""
        self.compute = compute

    def save_encoder(self, encoder: nn.Module) -> None:
        """Does nothing: the method has the encoder."""
