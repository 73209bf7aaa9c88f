"""Trackers beside the JSONL file, by name, through Accelerate."""

import importlib.util

PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX"), "wandb": ("wandb",), "trackio": ("trackio",)}


def check_trackers(names: list[str]) -> list[str]:
    """Returns the names if every tracker can be used; Accelerate alone would drop the others without a word.

    Raises:
        ValueError: an unknown tracker, or one that isn't installed.
    """
    for name in names:
        if name not in PACKAGES:
            raise ValueError(f"tracker is {name!r}; it must be one of {', '.join(PACKAGES)}")
        if not any(importlib.util.find_spec(package) for package in PACKAGES[name]):
            raise ValueError(f"tracker {name!r} isn't installed: pip install {PACKAGES[name][0]}")
    return names
