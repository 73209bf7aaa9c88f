"""What sections share."""

from collections.abc import Callable, Iterable, Sequence

from viewlearn.report.blocks import Block, Gap
from viewlearn.report.reader import FAILURES, Missing, OpenedRun, reason_of


def each_run(runs: Sequence[OpenedRun], make: Callable[[OpenedRun], list[Block]]) -> list[tuple[str, list[Block]]]:
    """(name, blocks) of every run, a gap with the reason where they can't be made."""
    panels = []
    for run in runs:
        try:
            blocks = make(run)
        except (Missing, *FAILURES) as error:
            blocks = [Gap(f"{run.name}: {reason_of(error)}")]
        panels.append((run.name, blocks))
    return panels


def gaps_of(runs: Iterable[OpenedRun], part: str) -> tuple[list[OpenedRun], list[Gap]]:
    """The runs that have a part, such as ``metrics``, and gaps with the reason for the others."""
    having, gaps = [], []
    for run in runs:
        try:
            getattr(run, part)
            having.append(run)
        except Missing as error:
            gaps.append(Gap(f"{run.name}: {error}"))
    return having, gaps


def by_data(runs: Iterable[OpenedRun]) -> tuple[list[list[OpenedRun]], list[Gap]]:
    """Runs in groups of equal data, and gaps for those without a configuration."""
    having, gaps = gaps_of(runs, "data_key")
    groups: dict[str, list[OpenedRun]] = {}
    for run in having:
        groups.setdefault(run.data_key, []).append(run)
    return list(groups.values()), gaps


def short(runs: Sequence[OpenedRun]) -> str:
    """The runs' names, as a list in a sentence."""
    return ", ".join(run.name for run in runs)


def identifier(name: str) -> str:
    """A name with nothing but letters, digits and underscores."""
    return "".join(c if c.isalnum() else "_" for c in name)
