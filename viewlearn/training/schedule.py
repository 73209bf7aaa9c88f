"""Schedules as pure functions of the step: a resumed run needs no schedule state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from torch.optim import Optimizer

from viewlearn.bounds import Bounds, Fraction, check_fields


@dataclass(frozen=True)
class Schedule:
    """The learning rate of one player over the run, see ``warmup_cosine``.

    Both are fractions, so that one schedule serves runs of any length, also those whose length a budget decides.

    Args:
        warmup: Part of the run, in [0, 1], in which the learning rate rises linearly to its peak.
        final: Learning rate at the end, as a fraction of its peak; 1 keeps it constant.

    Raises:
        ValueError: A fraction outside [0, 1].
    """

    warmup: Fraction = 0.0
    final: Fraction = 0.0

    def __post_init__(self):
        check_fields(self)

    def apply(self, optimizer: Optimizer, step: int, num_steps: int) -> float:
        """Sets the learning rates for ``step`` and returns that of the first parameter group."""
        factor = warmup_cosine(step, num_steps, round(self.warmup * num_steps), self.final)
        for group in optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
        return optimizer.param_groups[0]["lr"]


@dataclass(frozen=True)
class BudgetSchedule:
    """Budgets of learned views over the run: a line from a part of what was chosen to all of it, which then stays.

    Automatic budgets aren't scheduled. In a run that is made longer, the schedule stays that of its first length.

    Args:
        begin: Budget at the beginning, as a part of the chosen one; below 0, ``Tilted`` views begin on the other side,
            with easy draws for hard ones.
        until: Part of the run, in [0, 1], after which the budget is the chosen one.

    Raises:
        ValueError: A beginning outside [−1, 1], or a part outside [0, 1].
    """

    begin: Annotated[float, Bounds(-1, 1)] = 1.0
    until: Fraction = 1.0

    def __post_init__(self):
        check_fields(self)

    def factor(self, step: int, num_steps: int) -> float:
        """Returns the part of the chosen budget at a step; 0 is never more than passed through."""
        length = self.until * num_steps
        part = 1.0 if step + 1 >= length else (step + 1) / length
        return self.begin + (1 - self.begin) * part


@dataclass(frozen=True)
class Stretch:
    """A part of a run that was the whole run once, before it was made longer.

    Args:
        end: Number of steps at its end, counted from the run's beginning.
        schedule: Learning rate of the learner over it.
        views_schedule: Learning rate of learned views over it.
    """

    end: int
    schedule: Schedule = Schedule()
    views_schedule: Schedule = Schedule()


def stretch_at(step: int, stretches: Sequence[Stretch]) -> tuple[int, Stretch]:
    """Finds the stretch that a step belongs to, whose schedules begin with it.

    Args:
        step: Step of the optimizer, from 0 and before the last end.
        stretches: Stretches of the run, in order.

    Returns:
        The number of steps before it, and the stretch.
    """
    begin = 0
    for stretch in stretches:
        if step < stretch.end:
            return begin, stretch
        begin = stretch.end
    raise AssertionError(f"step {step} is behind the end of the run, {begin}")


def warmup_cosine(step: int, num_steps: int, warmup_steps: int = 0, final: float = 0.0) -> float:
    """Returns the factor of the learning rate at ``step``: linear warm-up, then half a cosine down to ``final``.

    ::

        step < warmup:   (step + 1) / warmup
        after:           final + (1 − final) · ½ (1 + cos(π (step − warmup) / (num_steps − warmup)))

    Args:
        step: Step of the optimizer, from 0.
        num_steps: Number of steps of the whole run.
        warmup_steps: Number of steps of the linear part; 0 for none.
        final: Factor at the end; 1 keeps the learning rate constant.

    Raises:
        ValueError: A warm-up longer than the run, or a factor outside [0, 1].
    """
    if not 0 <= warmup_steps <= num_steps:
        raise ValueError(f"warm-up takes {warmup_steps} steps; it must lie in 0 … {num_steps}, the steps of the run")
    if not 0 <= final <= 1:
        raise ValueError(f"the final factor is {final}; it must lie in [0, 1]")
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / max(1, num_steps - warmup_steps))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
