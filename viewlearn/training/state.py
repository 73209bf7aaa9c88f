"""Everything that changes during training, saved and restored as one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn
from torch.optim import Optimizer

from viewlearn.methods import Method
from viewlearn.training.window import Window, check_finite_weights


class Store(Protocol):
    """Where training keeps what it measures and what it resumes from; ``viewlearn.runs.RunFolder`` is one."""

    @property
    def checkpoints(self) -> Path | None:
        """Folder of the checkpoints; None if they aren't files."""

    def log_metrics(self, line: dict[str, Any]) -> None:
        """Adds what was measured at a step."""

    def log_timings(self, line: dict[str, Any]) -> None:
        """Adds what depends on the clock."""

    def rewind(self, step: int) -> None:
        """Drops what was logged after a step."""

    def save_checkpoint(self, step: int, state: dict[str, Any], keep: int) -> object:
        """Keeps the state after a step, whole or not at all, and only the newest ``keep`` states."""

    def load_newest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        """Returns the newest whole checkpoint as (step, state); None if there is none."""

    def save_compute(self, compute: dict[str, Any]) -> None:
        """Keeps what the run costs."""

    def save_encoder(self, encoder: nn.Module) -> None:
        """Keeps the trained encoder."""


@dataclass
class TrainingState:
    """Weights and buffers, optimizers, this process's random numbers, and the sums behind the next logged line.

    Momentum copies and queues are part of the method. The position in the data is a function of the step.

    Args:
        method: Method in training.
        optimizers: Optimizers by player.
        generator: Random numbers of the views.
        window: Sums since the last logged line.
    """

    method: Method
    optimizers: dict[str, Optimizer]
    generator: torch.Generator
    window: Window

    def save(self, store: Store, step: int, accelerator: Accelerator, keep: int) -> None:
        """Saves a checkpoint; all processes call it, as each has random numbers of its own.

        Raises:
            FloatingPointError: Weights that aren't finite, which are never saved.
        """
        check_finite_weights(self.method, step, store.checkpoints)
        random = {"views": self.generator.get_state(), "torch": torch.get_rng_state()}
        if accelerator.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state()
        random = gather_object([random])
        windows = gather_object([self.window.state_dict()])
        if accelerator.is_main_process:
            state = {
                "method": self.method.state_dict(),
                "optimizers": {name: each.state_dict() for name, each in self.optimizers.items()},
                "random": random,
                "windows": windows,
            }
            store.save_checkpoint(step, state, keep)
        accelerator.wait_for_everyone()

    def restore(self, store: Store, accelerator: Accelerator) -> int:
        """Restores the newest whole checkpoint, and drops what was logged after it.

        Returns:
            The step to continue from; 0 if there is no checkpoint.

        Raises:
            ValueError: A checkpoint of another number of processes.
        """
        step, state = store.load_newest_checkpoint() or (0, None)
        if accelerator.is_main_process:
            store.rewind(step)
        accelerator.wait_for_everyone()
        if state is None:
            return 0
        if len(state["random"]) != accelerator.num_processes:
            raise ValueError(
                f"the run had {len(state['random'])} processes and now has {accelerator.num_processes}; "
                "an exact resume needs the same number"
            )
        self.method.load_state_dict(state["method"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
            for parameter, values in optimizer.state.items():  # in the parameters' memory layout, as before
                for key, value in values.items():
                    if isinstance(value, Tensor) and value.shape == parameter.shape:
                        values[key] = torch.empty_like(parameter).copy_(value)
        random = state["random"][accelerator.process_index]
        self.generator.set_state(random["views"])
        torch.set_rng_state(random["torch"])
        if "cuda" in random and accelerator.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"])
        self.window.load_state_dict(state["windows"][accelerator.process_index], accelerator.device)
        return step
