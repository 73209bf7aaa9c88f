"""From finished runs to a table in Markdown."""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

from reproduction.grid import Cell, Grid
from viewlearn.evaluation import Results
from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.report.analysis import FILE, FINAL

UNKNOWN = "could not be obtained"


def tabulate(grid: Grid, command: str) -> str:
    """The table: mean ± standard deviation over seeds in percent, the published number beside each."""
    results = {cell: _results(cell) for cell in grid.cells}
    lost = sorted({task for cell in grid.cells for task in destroyed(cell)}) if grid.destruction else []
    columns = [*grid.tasks, *grid.factors]
    head = ["", *(text for column in columns for text in (column, f"{column}, published"))]
    head += [f"views destroy {task}" for task in lost] + ["runs"]
    lines = [
        f"# {grid.title}",
        "",
        f"{grid.reference} Scale: {grid.scale}. Accuracies in percent, {grid.probe} probe.",
        "",
    ]
    lines += [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    for row in grid.rows:
        cells = [cell for cell in grid.cells if cell.row == row]
        done = [cell for cell in cells if results[cell] is not None]
        texts = [row]
        for column in columns:
            values = [value for cell in done if (value := _value(grid, cell, results[cell], column)) is not None]
            texts += [spread(values), str(grid.published.get(row, {}).get(column, UNKNOWN))]
        texts += [spread([each[task] for cell in done if task in (each := destroyed(cell))]) for task in lost]
        lines.append(_line([*texts, f"{len(done)} of {len(cells)}"]))
    lines += ["", *(f"{note}\n" for note in grid.notes)]
    return "\n".join([*lines, _origin([r for r in results.values() if r is not None], command)])


def spread(values: Sequence[float]) -> str:
    """``48.4 ± 0.7`` from values in [0, 1]; without ± for one value, — for none."""
    if not values:
        return "—"
    percent = [100 * value for value in values]
    return f"{mean(percent):.1f}" + (f" ± {stdev(percent):.1f}" if len(percent) > 1 else "")


def _origin(results: Sequence[Results], command: str) -> str:
    def all_of(key: str) -> str:
        return ", ".join(sorted({str(each.info.get(key, "unknown")) for each in results})) or "no run is done"

    return (
        f"± is the standard deviation over seeds. Command: `{command}`. Commit: {all_of('commit')}. "
        f"Steps: {all_of('steps')}. Device: {all_of('device')}. torch {all_of('torch')}.\n"
    )


def _results(cell: Cell) -> Results | None:
    return Results.load(cell.folder / "results.json") if cell.done else None


def _value(grid: Grid, cell: Cell, results: Results, column: str) -> float | None:
    if column in grid.factors:
        path = cell.folder / "factors.json"
        return json.loads(path.read_text(encoding="utf-8"))[column] if path.is_file() else None
    return next((row.trained.accuracy for row in results.rows if (row.task, row.probe) == (column, grid.probe)), None)


def destroyed(cell: Cell) -> dict[str, float]:
    """The rates at which a run's views destroy each task's label; empty where they weren't measured."""
    path: Path = cell.folder / FILE
    if not path.is_file():
        return {}
    tasks = FeatureDropping.load(path).generators[FINAL].tasks
    return {task: found.destruction.rate for task, found in tasks.items()}


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
