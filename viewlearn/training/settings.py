"""The settings of training, as one value."""

import math
from dataclasses import dataclass

from viewlearn.methods.difficulty import Difficulty
from viewlearn.training.hardware import MemoryFormat
from viewlearn.training.players import Updates
from viewlearn.training.schedule import Schedule

LEAST = {
    "steps": 1,
    "accumulate": 1,
    "seed": 0,
    "log_every": 1,
    "monitor_every": 0,
    "checkpoint_every": 0,
    "keep_checkpoints": 1,
}


@dataclass(frozen=True)
class TrainingSettings:
    """How ``train`` trains; each is a flag of the command line.

    Args:
        steps: Number of optimizer steps of the whole run.
        compute: Training compute of the whole run in TFLOP (10¹² floating-point operations, over all processes), which
            takes the place of ``steps``: the run ends, and its schedules end, with the last step that the budget holds.
        updates: ``simultaneous`` moves encoder and learned views from one backward pass; ``alternating`` as in
            the published Viewmaker, at nearly twice the cost.
        schedule: Learning rate of the learner over the run.
        views_schedule: Learning rate of learned views over the run.
        difficulty: How hard views with automatic budgets are kept.
        accumulate: Number of batches per step, whose gradients are averaged; negatives come from within each batch.
        clip_norm: Largest norm of the learner's gradient; null doesn't clip.
        exclude_from_decay: No weight decay for norms and biases.
        memory_format: Memory layout of weights; ``channels_last`` is faster for convolutions on most machines.
        compile: Compile the encoder with torch.compile.
        seed: Seed of data order and views.
        log_every: Number of steps between logged lines, which average over them.
        monitor_every: Number of steps between calls of the monitor; 0 for none.
        checkpoint_every: Number of steps between checkpoints; 0 for one at the end only.
        keep_checkpoints: Number of newest checkpoints that stay.

    Raises:
        ValueError: A setting out of range; the message names it, its value and what is allowed.
    """

    steps: int = 1000
    compute: float | None = None
    updates: Updates = "simultaneous"
    schedule: Schedule = Schedule()
    views_schedule: Schedule = Schedule()
    difficulty: Difficulty = Difficulty()
    accumulate: int = 1
    clip_norm: float | None = None
    exclude_from_decay: bool = False
    memory_format: MemoryFormat = "channels_last"
    compile: bool = False
    seed: int = 0
    log_every: int = 20
    monitor_every: int = 0
    checkpoint_every: int = 200
    keep_checkpoints: int = 2

    def __post_init__(self):
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"{name} is {value}; it must be {least} or more")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise ValueError(f"clip_norm is {self.clip_norm}; it must be above 0, or null for no clipping")
        if self.compute is not None and not 0 < self.compute < math.inf:
            raise ValueError(f"compute is {self.compute} TFLOP; it must be above 0 and finite, or null for --steps")
