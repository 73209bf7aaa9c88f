"""Runs that are made longer after their end, or before it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from viewlearn.files import write_text
from viewlearn.runs.folder import RunFolder
from viewlearn.training.schedule import Schedule, Stretch
from viewlearn.training.settings import TrainingSettings

LENGTH = ("steps", "compute")  # settings that say how long a run is
SCHEDULES = ("schedule", "views_schedule")  # that a longer run may choose anew for what is added


def current(folder: RunFolder, first: TrainingSettings) -> tuple[tuple[Stretch, ...], TrainingSettings]:
    """Returns the earlier stretches of a run, and its settings as they are now.

    Args:
        folder: Folder of the run.
        first: Settings that it was started with.

    Raises:
        ValueError: What the folder says of it can't be read.
    """
    if not folder.longer.is_file():
        return (), first
    try:
        stored = json.loads(folder.longer.read_text(encoding="utf-8"))
        before = tuple(Stretch(each["end"], *_schedules(each)) for each in stored["before"])
        now = stored["now"]
        schedule, views_schedule = _schedules(now)
        settings = replace(
            first, steps=now["steps"], compute=now["compute"], schedule=schedule, views_schedule=views_schedule
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder.longer} can't be read: {type(error).__name__}: {error}") from error
    return before, settings


def lengthen(folder: RunFolder, first: TrainingSettings, settings: TrainingSettings) -> tuple[Stretch, ...]:
    """Returns the earlier stretches of a run, and keeps in its folder that it becomes longer, if settings say so.

    Args:
        folder: Folder of the run, which this process holds.
        first: Settings that it was started with.
        settings: Settings that it goes on with.

    Raises:
        ValueError: It would become shorter, or goes by compute where it went by steps, or hasn't begun.
    """
    before, now = current(folder, first)
    if all(getattr(settings, name) == getattr(now, name) for name in (*LENGTH, *SCHEDULES)):
        return before
    must_be_longer(now, settings)
    try:
        end = int(folder.load_compute()["steps"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder.path} hasn't begun to train, so it can't be made longer: {error}") from error
    before = (*before, Stretch(end, now.schedule, now.views_schedule))
    stored = {
        "before": [asdict(each) for each in before],
        "now": {name: asdict(settings)[name] for name in (*LENGTH, *SCHEDULES)},
    }
    with folder.writing(folder.longer):
        write_text(folder.longer, json.dumps(stored, indent=1))
    return before


def must_be_longer(now: TrainingSettings, settings: TrainingSettings) -> None:
    """Checks that settings make a run longer than it is.

    Raises:
        ValueError: They don't.
    """
    for name in LENGTH:
        old, new = getattr(now, name), getattr(settings, name)
        if (old is None) != (new is None):
            raise ValueError("a run that was given steps is made longer by steps, and one given compute by compute")
    name = LENGTH[now.compute is not None]
    old, new = getattr(now, name), getattr(settings, name)
    if new <= old:
        raise ValueError(f"the run has {name} {old}; to go on, give more than that, not {new}")


def _schedules(stored: Mapping[str, Any]) -> tuple[Schedule, Schedule]:
    return Schedule(**stored["schedule"]), Schedule(**stored["views_schedule"])
