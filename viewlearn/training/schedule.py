"""Schedules as pure functions of the step: a resumed run needs no schedule state."""

import math


def warmup_cosine(step: int, num_steps: int, warmup_steps: int = 0, final: float = 0.0) -> float:
    """The factor of the learning rate at ``step``: linear warm-up, then half a cosine down to ``final``.

        step < warmup:   (step + 1) / warmup
        after:           final + (1 − final) · ½ (1 + cos(π (step − warmup) / (num_steps − warmup)))

    Args:
        step: of the optimizer, from 0.
        num_steps: of the whole run.
        warmup_steps: of the linear part; 0 for none.
        final: the factor at the end; 1 keeps the learning rate constant.

    Raises:
        ValueError: a warm-up longer than the run, or a factor outside [0, 1].
    """
    if not 0 <= warmup_steps <= num_steps:
        raise ValueError(f"warm-up takes {warmup_steps} steps; it must lie in 0 … {num_steps}, the steps of the run")
    if not 0 <= final <= 1:
        raise ValueError(f"the final factor is {final}; it must lie in [0, 1]")
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / max(1, num_steps - warmup_steps))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
