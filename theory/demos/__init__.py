"""Demonstrations: each module's ``run(seeds, progress, …)`` returns tables, figures and the lines to print."""

import importlib

from theory.demos.demo import Demo

NAMES = {
    "capacity": "capacity",
    "phase-diagram": "phase",
    "norm-competition": "norm_competition",
    "adversary": "adversary",
    "finite-sample": "finite_sample",
    "dynamics": "dynamics",
    "hysteresis": "hysteresis",
}

__all__ = ["NAMES", "Demo", "run", "summary"]


def summary(name: str) -> str:
    """What the demonstration shows, in one line."""
    return (_module(name).__doc__ or "").strip().splitlines()[0]


def run(name: str, *args, **kwargs) -> Demo:
    """Runs a demonstration by name; arguments go to its module's ``run``."""
    return _module(name).run(*args, **kwargs)


def _module(name: str):
    if name not in NAMES:
        raise ValueError(f"no demonstration {name!r}; there are: {', '.join(NAMES)}")
    return importlib.import_module(f"theory.demos.{NAMES[name]}")
