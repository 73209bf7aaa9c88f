"""What the settings of a run must be, told before anything is made."""

from viewlearn.training.players import Schedule
from viewlearn.training.schedule import warmup_cosine

LEAST = {"steps": 1, "accumulate": 1, "log_every": 1, "keep_checkpoints": 1, "monitor_every": 0, "checkpoint_every": 0}


def check_settings(
    *, steps: int, schedule: Schedule, views_schedule: Schedule, clip_norm: float | None = None, **numbers: object
) -> None:
    """Checks the settings of ``train``, which may all be given.

    Raises:
        ValueError: with the first that can't be, and what is allowed.
    """
    for name, value in {"steps": steps, **numbers}.items():
        if name in LEAST and value < LEAST[name]:
            raise ValueError(f"{name} is {value}; it must be {LEAST[name]} or more")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm is {clip_norm}; it must be above 0, or null for no clipping")
    for each in (schedule, views_schedule):
        warmup_cosine(0, steps, each.warmup_steps, each.final)
