"""A whole report, from run folders to a page."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.report.analysis import QUICK, AnalysisSettings, analyze_runs, saved_analysis
from viewlearn.report.page import write_page
from viewlearn.report.run_reader import MissingPart, RunReader, SharedData
from viewlearn.report.sections import configuration, curves, destruction, embedding, gallery, story, tasks, timings
from viewlearn.report.sections.common import by_data
from viewlearn.runs.build import Parts
from viewlearn.runs.folder import RunFolder
from viewlearn.runs.provenance import commit

log = logging.getLogger(__name__)


def write_report(
    folders: Sequence[Path | str],
    out: Path | str,
    *,
    analyze: AnalysisSettings | None = None,
    parts: Mapping[str, Parts] | None = None,
    title: str | None = None,
    trust: bool = False,
) -> Path:
    """Writes one self-contained HTML page on one or several runs.

    What a run's folder doesn't hold, or not whole, stands in the page as a gap with its reason: a missing
    configuration, a torn checkpoint, a task without labels, data that have moved.

    Args:
        folders: Folders of the runs, in the order of their colors.
        out: File to write.
        analyze: How to find out what the views destroy, which takes a classifier per task; a run that was analyzed
            so before has its result in its folder. None shows what is there.
        parts: Parts of runs that are at hand, by folder as it is in ``folders``; their data aren't read again.
        title: Title of the page.
        trust: Whether the runs may name classes of any package, see ``viewlearn.load``.

    Returns:
        The path of the page.

    Raises:
        ValueError: No folders, or invalid settings.
    """
    if not folders:
        raise ValueError("there are no runs to report on; give at least one run folder")
    shared = SharedData(trust)
    given = {str(path): each for path, each in (parts or {}).items()}
    runs = [RunReader(path, i, shared, given.get(str(path))) for i, path in enumerate(folders)]
    _name_apart(runs)
    analyses, missing = _analyses(runs, analyze)
    sections = [
        story.section(runs, analyses, missing),
        gallery.section(runs),
        tasks.section(runs, analyses),
        destruction.section(runs, analyses, missing, Path(out)),
        *embedding.sections(runs),
        curves.section(runs),
        timings.section(runs),
        configuration.section(runs),
    ]
    title = title or (f"Run {runs[0].name}" if len(runs) == 1 else f"{len(runs)} runs")
    return write_page(Path(out), title, runs, sections, f"Written by viewlearn at commit {commit() or 'unknown'}.")


def report_run(folder: RunFolder, parts: Parts, analyze: bool = True) -> None:
    """Writes the page that a run leaves behind.

    What the views destroy is told by small judges, which runs on the same data share; ``python -m viewlearn.report``
    asks larger ones.

    Args:
        folder: Folder of a run that has its results.
        parts: Parts of the run, so that its data needn't be read again.
        analyze: Whether to measure what the views destroy.
    """
    settings = QUICK if analyze else None
    write_report([folder.path], folder.report, analyze=settings, parts={str(folder.path): parts})


def _name_apart(runs: Sequence[RunReader]) -> None:
    """Longer names for runs whose folders have the same name."""
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            run.name = "/".join(run.folder.path.resolve().parts[-2:])
    names = [run.name for run in runs]
    for run in runs:
        if names.count(run.name) > 1:
            run.name = f"{run.name} ({run.index + 1})"


def _analyses(
    runs: Sequence[RunReader], asked: AnalysisSettings | None
) -> tuple[dict[int, FeatureDropping], dict[int, str]]:
    """The analyses that there are or can be made, and for the other runs why not."""
    analyses: dict[int, FeatureDropping] = {}
    missing: dict[int, str] = {run.index: "it has no configuration" for run in runs}
    for group in by_data(runs)[0]:
        wanted = []
        settings = _kept(group, asked)
        for run in group:
            try:
                saved, damage = _saved(run)
                if saved is not None and (settings is None or saved.settings == settings.of_run(run.folder)):
                    analyses[run.index] = saved
                    log.info("%s: what its views destroy is taken from its folder", run.name)
                elif settings is None:
                    why = "it wasn't analyzed yet; python -m viewlearn.report does so, unless with --analyze false"
                    missing[run.index] = damage or why
                elif run.parts is not None:
                    wanted.append(run)
                    why = damage or _other(saved, settings.of_run(run.folder))
                    log.info("%s: what its views destroy is measured now: %s", run.name, why)
            except MissingPart as error:
                missing[run.index] = str(error)
        if wanted and settings is not None:
            try:
                analyses |= analyze_runs(wanted, settings)
            except MissingPart as error:
                missing |= {run.index: str(error) for run in wanted}
    return analyses, {index: why for index, why in missing.items() if index not in analyses}


def _kept(runs: Sequence[RunReader], asked: AnalysisSettings | None) -> AnalysisSettings | None:
    """The settings asked for; the full ones where quick ones are, but all runs have been analyzed by full ones."""
    if asked is None or not asked.is_quick:
        return asked
    full = AnalysisSettings()
    for run in runs:
        saved, _ = _saved(run)
        if saved is None or saved.settings != full.of_run(run.folder):
            return asked
    return full


def _other(saved: FeatureDropping | None, settings: Mapping[str, Any]) -> str:
    """Why an analysis isn't the one that is wanted."""
    if saved is None:
        return "it wasn't before"
    changed = [name for name, value in settings.items() if saved.settings.get(name) != value]
    return f"what its folder has was measured with other settings ({', '.join(changed) or 'more of them'})"


def _saved(run: RunReader) -> tuple[FeatureDropping | None, str]:
    """The analysis in a run's folder, if it is there and the run's, and why it can't be taken."""
    try:
        return saved_analysis(run.folder), ""
    except MissingPart as error:
        return None, str(error)
