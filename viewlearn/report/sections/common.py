"""What sections share."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from viewlearn.evaluation.results import Row
from viewlearn.report.blocks import Block, Gap
from viewlearn.report.run_reader import MissingPart, RunReader

Part = Literal["settings", "data_key", "metrics", "timings", "num_steps", "results"]


def each_run(
    runs: Sequence[RunReader], make: Callable[[RunReader], Sequence[Block]]
) -> list[tuple[str, Sequence[Block]]]:
    """Makes (name, blocks) of every run, a gap with the reason where a part of the run is missing."""
    panels: list[tuple[str, Sequence[Block]]] = []
    for run in runs:
        try:
            blocks = make(run)
        except MissingPart as error:
            blocks = [Gap(f"{run.name}: {error}")]
        panels.append((run.name, blocks))
    return panels


def gaps_of(runs: Iterable[RunReader], part: Part) -> tuple[list[RunReader], list[Block]]:
    """Returns the runs that have a part, and gaps with the reason for the others."""
    having: list[RunReader] = []
    gaps: list[Block] = []
    for run in runs:
        try:
            getattr(run, part)
            having.append(run)
        except MissingPart as error:
            gaps.append(Gap(f"{run.name}: {error}"))
    return having, gaps


def by_data(runs: Iterable[RunReader]) -> tuple[list[list[RunReader]], list[Block]]:
    """Groups runs by equal data; returns the groups, and gaps for runs without a configuration."""
    having, gaps = gaps_of(runs, "data_key")
    groups: dict[str, list[RunReader]] = {}
    for run in having:
        groups.setdefault(run.data_key, []).append(run)
    return list(groups.values()), gaps


def find_row(run: RunReader, task: str, probe: str, layer: str | None = None) -> Row | None:
    """Finds a row of a run's results; None if it has no such row, or no results."""
    try:
        rows = run.results.rows
    except MissingPart:
        return None
    return next((row for row in rows if (row.task, row.probe, row.layer) == (task, probe, layer)), None)


def short(runs: Sequence[RunReader]) -> str:
    """Lists the runs' names, for a sentence."""
    return ", ".join(run.name for run in runs)


def identifier(name: str) -> str:
    """Makes an identifier of a name: letters, digits and underscores alone."""
    return "".join(c if c.isalnum() else "_" for c in name)
