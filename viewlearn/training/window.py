"""Averages since the last logged line, and checks that numbers are finite."""

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

NEVER = torch.iinfo(torch.int64).max


class Window:
    """Sums of loss and metrics on the device, so that no step waits for the numbers of another."""

    def __init__(self):
        self.sums: dict[str, Tensor] = {}
        self.count = 0
        self.first_bad: Tensor | None = None

    def add(self, loss: Tensor, metrics: dict[str, Tensor], step: int) -> None:
        """Adds the loss and the metrics of one batch."""
        for name, value in {"loss": loss, **metrics}.items():
            value = value.detach().float()
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.count += 1
        bad = torch.where(loss.isfinite(), NEVER, step + 1)
        self.first_bad = bad if self.first_bad is None else torch.minimum(self.first_bad, bad)

    def means(self, accelerator: Accelerator) -> dict[str, float]:
        """Returns the means over all batches since the last call and over all processes, and starts anew."""
        names = sorted(self.sums)
        means = accelerator.reduce(torch.stack([self.sums[name] for name in names]) / self.count, reduction="mean")
        self.sums, self.count = {}, 0
        return dict(zip(names, means.tolist(), strict=True))

    def check_finite(self, accelerator: Accelerator, checkpoints: Path | None) -> None:
        """Stops the run if the loss of any process has been NaN or infinite.

        Raises:
            FloatingPointError: There was such a step; the message names the first.
        """
        if self.first_bad is None:
            return
        first = int(accelerator.gather(self.first_bad.reshape(1)).min())
        if first != NEVER:
            raise FloatingPointError(_advice(f"the loss is not finite at step {first}", checkpoints))

    def state_dict(self) -> dict[str, Any]:
        return {"sums": {name: value.cpu() for name, value in self.sums.items()}, "count": self.count}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        self.sums = {name: value.to(device) for name, value in state["sums"].items()}
        self.count = state["count"]


def check_finite_weights(module: nn.Module, step: int, checkpoints: Path | None) -> None:
    """Keeps a broken state out of the checkpoints: a gradient may be NaN one step before the loss is.

    Raises:
        FloatingPointError: A tensor isn't finite; the message names the first.
    """
    for name, value in module.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise FloatingPointError(_advice(f"{name} is not finite after step {step}", checkpoints))


def _advice(what: str, checkpoints: Path | None) -> str:
    kept = [] if checkpoints is None else sorted(checkpoints.glob("step_*"))
    good = f"the last good checkpoint is {kept[-1]}" if kept else "there is no checkpoint yet"
    return f"{what}; {good}. A lower learning rate, a longer warm-up, clip_norm or fp32 may help."
