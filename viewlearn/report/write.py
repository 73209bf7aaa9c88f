"""A whole report, from run folders to a page."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.report import analysis
from viewlearn.report.analysis import AnalysisSettings
from viewlearn.report.blocks import Gap, Section
from viewlearn.report.page import write_page
from viewlearn.report.reader import FAILURES, Missing, OpenedRun, Pool, reason_of
from viewlearn.report.sections import configuration, curves, destruction, embedding, gallery, tasks, timings
from viewlearn.report.sections.common import by_data
from viewlearn.runs.build import Parts
from viewlearn.runs.provenance import commit


def write_report(
    folders: Sequence[Path | str],
    out: Path | str,
    *,
    analyze: AnalysisSettings | None = None,
    parts: Mapping[str, Parts] | None = None,
    title: str | None = None,
) -> Path:
    """Writes one self-contained HTML page on one or several runs.

    What can't be read or made stands in the page as a gap with its reason: a missing configuration, a torn
    checkpoint, a task without labels, data that have moved.

    Args:
        folders: of the runs; the first one's color comes first.
        out: the file to write.
        analyze: how to find out what the views destroy, which takes a classifier per task; a run that was analyzed
            before has its result in its folder. None shows these results only.
        parts: of runs that are at hand, by folder as it is in ``folders``, so that their data needn't be read again.
        title: of the page.

    Returns:
        The path of the page.

    Raises:
        ValueError: no folders.
    """
    if not folders:
        raise ValueError("there are no runs to report on; give at least one run folder")
    pool = Pool()
    given = {str(path): each for path, each in (parts or {}).items()}
    runs = [OpenedRun(path, i, pool, given.get(str(path))) for i, path in enumerate(folders)]
    _name_apart(runs)
    found, missing = _analyzed(runs, analyze)
    sections = [
        _section("configuration", "Configuration", lambda: configuration.section(runs)),
        _section("tasks", "Tasks", lambda: tasks.section(runs)),
        _section("curves", "Training", lambda: curves.section(runs)),
        _section("views", "Views", lambda: gallery.section(runs)),
        _section("destruction", "What the views destroy", lambda: destruction.section(runs, found, missing)),
        *embedding.sections(runs),
        _section("timings", "Speed and memory", lambda: timings.section(runs)),
    ]
    title = title or ("Run " if len(runs) == 1 else "Runs ") + ", ".join(run.name for run in runs)
    return write_page(Path(out), title, runs, sections, f"Written by viewlearn at commit {commit() or 'unknown'}.")


def _name_apart(runs: Sequence[OpenedRun]) -> None:
    """Longer names for runs whose folders have the same name."""
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            run.name = "/".join(run.folder.path.resolve().parts[-2:])
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            run.name = f"{run.name} ({run.index + 1})"


def _analyzed(
    runs: Sequence[OpenedRun], settings: AnalysisSettings | None
) -> tuple[dict[int, FeatureDropping], dict[int, str]]:
    """The analyses that there are or can be made, and for the other runs why not."""
    found: dict[int, FeatureDropping] = {}
    missing: dict[int, str] = {}
    for group in by_data(runs)[0]:
        wanted = []
        for run in group:
            try:
                before = analysis.saved(run)
            except Missing as error:
                before, missing[run.index] = None, str(error)
            if before is not None:
                found[run.index] = before
            elif settings is None:
                why = "it wasn't analyzed yet; experiments/report.py does so unless it is told --no-analysis"
                missing.setdefault(run.index, why)
            elif _has_parts(run, missing):
                wanted.append(run)
        if wanted:
            try:
                found |= analysis.analyze_runs(wanted, settings)
            except (Missing, *FAILURES) as error:
                missing |= {run.index: reason_of(error) for run in wanted}
    for run in _without_configuration(runs):
        missing.setdefault(run.index, "it has no configuration")
    return found, {index: why for index, why in missing.items() if index not in found}


def _without_configuration(runs: Sequence[OpenedRun]) -> list[OpenedRun]:
    """Runs without a readable configuration."""
    known = {run.index for group in by_data(runs)[0] for run in group}
    return [run for run in runs if run.index not in known]


def _has_parts(run: OpenedRun, missing: dict[int, str]) -> bool:
    try:
        return run.parts is not None
    except Missing as error:
        missing[run.index] = str(error)
        return False


def _section(id: str, title: str, make: Callable[[], Section]) -> Section:
    """A section, or the reason why there is none."""
    try:
        return make()
    except (Missing, *FAILURES) as error:
        return Section(id, title, [Gap(reason_of(error))])
