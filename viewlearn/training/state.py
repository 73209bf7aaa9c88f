"""Everything that changes while a run trains, as one thing to save and to put back."""

from dataclasses import dataclass

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor
from torch.optim import Optimizer

from viewlearn.methods import Method
from viewlearn.runs.checkpoint import load_newest, save_checkpoint
from viewlearn.runs.folder import RunFolder
from viewlearn.training.window import Window, check_finite_weights


@dataclass
class TrainingState:
    """Weights and buffers, optimizers, this process's random numbers, and the sums behind the next logged line.

    Momentum copies and queues are part of the method. The place in the data is a function of the step.
    """

    method: Method
    optimizers: dict[str, Optimizer]
    generator: torch.Generator
    window: Window

    def save(self, folder: RunFolder, step: int, accelerator: Accelerator, keep: int) -> None:
        """Writes a checkpoint; called by all processes, for each has random numbers of its own.

        Raises:
            FloatingPointError: weights that aren't finite, which don't belong into a checkpoint.
        """
        check_finite_weights(self.method, step, folder.checkpoints)
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
            save_checkpoint(folder.checkpoints, step, state, keep)
        accelerator.wait_for_everyone()

    def restore(self, folder: RunFolder, accelerator: Accelerator) -> int:
        """Puts everything back as the newest whole checkpoint has it, and drops what was logged after it.

        Returns:
            the step to go on with; 0 if there is no checkpoint.

        Raises:
            ValueError: a checkpoint of another number of processes.
        """
        step, state = load_newest(folder.checkpoints) or (0, None)
        if accelerator.is_main_process:
            folder.rewind(step)
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
