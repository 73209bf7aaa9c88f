"""Trackers beside the files of a run, by name, through Accelerate."""

import importlib.util
from collections.abc import Sequence

from accelerate import Accelerator

from viewlearn.runs.folder import RunFolder

PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX"), "wandb": ("wandb",), "trackio": ("trackio",)}


def check_trackers(names: list[str]) -> list[str]:
    """Returns the names if every tracker can be used; Accelerate alone would drop the others without a word.

    Raises:
        ValueError: An unknown tracker, or one that isn't installed.
    """
    for name in names:
        if name not in PACKAGES:
            raise ValueError(f"trackers is {names}; each must be one of {', '.join(PACKAGES)}")
        if not any(importlib.util.find_spec(package) for package in PACKAGES[name]):
            raise ValueError(f"tracker {name!r} isn't installed: pip install {PACKAGES[name][0]}")
    return names


def start_trackers(names: Sequence[str], folder: RunFolder, accelerator: Accelerator) -> None:
    """Starts the trackers of a run, under the name of its folder."""
    if names:
        accelerator.project_configuration.logging_dir = str(folder.path)
        named = {name: {"name": folder.path.name} for name in names if name != "tensorboard"}
        accelerator.init_trackers("viewlearn", init_kwargs=named)
