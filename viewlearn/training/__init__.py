"""Training: the loop, and what it needs."""

from viewlearn.training.hardware import make_accelerator
from viewlearn.training.loop import train
from viewlearn.training.players import Schedule
from viewlearn.training.schedule import warmup_cosine

__all__ = ["Schedule", "make_accelerator", "train", "warmup_cosine"]
