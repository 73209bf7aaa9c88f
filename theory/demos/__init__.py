"""Demonstrations: the function ``run(seeds, progress)`` of a module returns tables, figures and lines to print."""

import importlib
from types import ModuleType

from theory.demos.demo import Demo

MODULES = {
    "capacity": "capacity",
    "phase-diagram": "phase",
    "norm-competition": "norm_competition",
    "adversary": "adversary",
    "finite-sample": "finite_sample",
    "dynamics": "dynamics",
    "hysteresis": "hysteresis",
}

__all__ = ["MODULES", "Demo", "run", "summary"]


def summary(name: str) -> str:
    """Returns what a demonstration shows, in one line."""
    return (_module(name).__doc__ or "").strip().splitlines()[0]


def run(name: str, seeds: int | None = None, progress: bool = False) -> Demo:
    """Runs a demonstration.

    Args:
        name: Name of the demonstration.
        seeds: Number of runs per cell; default that of the demonstration.
        progress: Whether progress bars are shown.
    """
    module = _module(name)
    return module.run(progress=progress) if seeds is None else module.run(seeds, progress)


def _module(name: str) -> ModuleType:
    if name not in MODULES:
        raise ValueError(f"no demonstration {name!r}; there are: {', '.join(MODULES)}")
    return importlib.import_module(f"theory.demos.{MODULES[name]}")
