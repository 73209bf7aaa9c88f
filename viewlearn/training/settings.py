"""The settings of training, as one value."""

from dataclasses import dataclass

from viewlearn.bounds import Count, CountOrZero, Positive, Seed, check_fields
from viewlearn.methods.difficulty import Difficulty
from viewlearn.training.hardware import MemoryFormat
from viewlearn.training.players import Updates
from viewlearn.training.schedule import BudgetSchedule, Schedule


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
        budget_schedule: Budgets of learned views over the run, and the side that ``Tilted`` ones are on.
        difficulty: How hard views with automatic budgets are kept.
        accumulate: Number of batches per step, whose gradients are averaged; negatives come from within each batch.
        clip_norm: Largest norm of the learner's gradient; null doesn't clip.
        exclude_from_decay: No weight decay for norms and biases.
        memory_format: Memory layout of weights; ``channels_last`` is faster for convolutions on most machines.
        compile: Compile the encoder with torch.compile.
        deterministic: Take only operations that give the same bits each time on an accelerator, or stop where there is
            none.
        sync_batch_norm: Take BatchNorm's statistics over the batches of all processes; null leaves it to the method,
            of which SimCLR does.
        seed: Seed of data order and views.
        log_every: Number of steps between logged lines, which average over them.
        monitor_every: Number of steps between measurements of the encoder; 0 for none. Each costs as much as encoding
            4,024 samples; every 100 steps, that is 2.6 % of SimCLR's at a batch of 256.
        checkpoint_every: Number of steps between checkpoints; 0 for one at the end only.
        checkpoint_minutes: Minutes after which a checkpoint is saved as well; null for none. Several processes look at
            the clock when they log.
        keep_checkpoints: Number of newest checkpoints that stay.

    Raises:
        ValueError: A setting out of range; the message names it, its value and what is allowed.
    """

    steps: Count = 1000
    compute: Positive | None = None
    updates: Updates = "simultaneous"
    schedule: Schedule = Schedule()
    views_schedule: Schedule = Schedule()
    budget_schedule: BudgetSchedule = BudgetSchedule()
    difficulty: Difficulty = Difficulty()
    accumulate: Count = 1
    clip_norm: Positive | None = None
    exclude_from_decay: bool = False
    memory_format: MemoryFormat = "channels_last"
    compile: bool = False
    deterministic: bool = False
    sync_batch_norm: bool | None = None
    seed: Seed = 0
    log_every: Count = 20
    monitor_every: CountOrZero = 0
    checkpoint_every: CountOrZero = 200
    checkpoint_minutes: Positive | None = None
    keep_checkpoints: Count = 2

    def __post_init__(self):
        check_fields(self)
