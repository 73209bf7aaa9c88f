"""Training: the loop, and what it needs."""

from viewlearn.training.hardware import make_accelerator
from viewlearn.training.loop import train
from viewlearn.training.schedule import BudgetSchedule, Schedule, Stretch, warmup_cosine
from viewlearn.training.settings import TrainingSettings
from viewlearn.training.state import Store

__all__ = [
    "BudgetSchedule",
    "Schedule",
    "Store",
    "Stretch",
    "TrainingSettings",
    "make_accelerator",
    "train",
    "warmup_cosine",
]
