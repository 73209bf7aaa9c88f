"""What was run, and in what the runs differ."""

from collections.abc import Mapping, Sequence

from viewlearn.report.blocks import Block, Details, Section, Table, Text
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import by_data, each_run, gaps_of
from viewlearn.runs.parser import CIRCUMSTANCES

INFO = ("commit", "viewlearn", "torch", "device", "precision", "processes", "seed", "steps", "tflop", "evaluated_on")


def section(runs: Sequence[RunReader]) -> Section:
    """Shows differences first, then where the numbers come from, then all settings."""
    configured, _ = gaps_of(runs, "settings")
    known = {run.name: flatten(run.settings) for run in configured}
    groups, blocks = by_data(runs)
    if len(known) > 1:
        blocks += _differences(known)
        if len(groups) > 1:
            blocks.append(
                Text("The runs were trained on different data: equally named tasks aren't compared across them.")
            )
    blocks += _provenance(runs)
    for name, content in each_run(configured, lambda run: [_all(run)]):
        blocks.append(Details(f"All settings of {name}", content))
    return Section("configuration", "Configuration", blocks)


def flatten(settings: object, prefix: str = "") -> dict[str, str]:
    """Flattens nested settings to ``{"views.budget": "0.1"}``, without the parts of the path that say nothing."""
    if not isinstance(settings, Mapping):
        return {prefix: "none" if settings is None else str(settings)}
    if not settings:
        return {prefix: "{}"}
    flat = {}
    for key, value in settings.items():
        if key == "init_args" and not value:
            continue  # the class says it all
        if prefix or key not in CIRCUMSTANCES:
            name = prefix if key in ("init_args", "class_path") else f"{prefix}.{key}".lstrip(".")
            flat |= flatten(value, name)
    return flat


def _differences(known: Mapping[str, dict[str, str]]) -> list[Block]:
    keys = list(dict.fromkeys(key for settings in known.values() for key in settings))
    rows = [(key, *(settings.get(key, "—") for settings in known.values())) for key in keys]
    rows = [row for row in rows if len(set(row[1:])) > 1 and not set(row[1:]) <= {"none", "—"}]
    if not rows:
        return [Text("All settings of these runs are equal.")]
    return [Table(("setting", *known), rows, "Settings in which the runs differ (—: doesn't exist there)")]


def _provenance(runs: Sequence[RunReader]) -> list[Block]:
    rated, _ = gaps_of(runs, "results")
    rows = []
    for key in (*INFO, "command"):
        cells = [str(run.results.info.get(key, "—")) for run in rated]
        if set(cells) != {"—"}:
            rows.append((key, *cells))
    return [Table(("", *(run.name for run in rated)), rows, "Where the numbers come from")] if rows else []


def _all(run: RunReader) -> Table:
    return Table(("setting", "value"), list(flatten(run.settings).items()), f"Settings of {run.name}")
