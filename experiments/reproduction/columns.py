"""The columns of a table: which answers of finished runs they show."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import mean, stdev
from typing import Literal, NamedTuple

from reproduction.grid import Cell, Evaluation, Grid
from viewlearn.evaluation import Results, Row
from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.report.analysis import FILE, FINAL

BACKBONE = (None, "V")  # names of the backbone's features: of a run's own results, of an evaluation by layer
Encoder = Literal["trained", "random"]


class Column(NamedTuple):
    """A column of a table: a heading, and of which answers which rows.

    Args:
        heading: Text above it.
        evaluation: Evaluation that gave the answers; None for the run's own results.
        task: Task of the rows.
        probe: Probe of the rows.
    """

    heading: str
    evaluation: Evaluation | None
    task: str
    probe: str

    def rows(self, cell: Cell) -> list[Row]:
        """Reads a run's rows, one per layer; none where it wasn't asked, or hasn't answered yet."""
        path = cell.folder / "results.json" if self.evaluation is None else self.evaluation.path(cell)
        if not path.is_file() or (self.evaluation is not None and not self.evaluation.asks(cell)):
            return []
        rows = _rows(path, path.stat().st_mtime_ns)
        return [row for row in rows if (row.task, row.probe) == (self.task, self.probe)]

    def value(self, cell: Cell, layers: Sequence[str | None] = BACKBONE, encoder: Encoder = "trained") -> float | None:
        """Reads a run's accuracy in one layer; None where there is none."""
        for row in self.rows(cell):
            score = getattr(row, encoder)
            if row.layer in layers and score is not None:
                return score.accuracy
        return None


def columns(grid: Grid) -> list[Column]:
    """Lists the columns of a table: tasks from the runs' own results, then what the evaluations declare."""
    own = [Column(task, None, task, grid.probe) for task in grid.tasks]
    return own + [_column(each, *item) for each in grid.evaluations for item in each.columns.items()]


def layer_columns(grid: Grid) -> list[Column]:
    """Lists the columns of the table that has a line for each row and layer."""
    return [_column(each, *item) for each in grid.evaluations for item in each.layer_columns.items()]


@cache
def _rows(path: Path, changed: int) -> tuple[Row, ...]:
    return Results.load(path).rows


def _column(evaluation: Evaluation, heading: str, place: str) -> Column:
    task, _, probe = place.rpartition("/")
    return Column(heading, evaluation, task, probe)


def num_features(cell: Cell) -> int | None:
    """Reads the length of a run's features; None where it isn't known."""
    lengths = Results.load(cell.folder / "results.json").info.get("num_features")
    return lengths.get("output") if isinstance(lengths, dict) else None


def destroyed(cell: Cell) -> dict[str, float]:
    """Reads the rates at which a run's views destroy each task's label; empty where they weren't measured."""
    path = cell.folder / FILE
    return _rates(path, path.stat().st_mtime_ns) if path.is_file() else {}


@cache
def _rates(path: Path, changed: int) -> dict[str, float]:
    tasks = FeatureDropping.load(path).views[FINAL].tasks
    return {task: found.destruction.rate for task, found in tasks.items()}


def spread(values: Sequence[float | None]) -> str:
    """Writes ``48.4 ± 0.7`` for values in [0, 1], leaving out None; without ± for one value, — for none."""
    percent = [100 * value for value in values if value is not None]
    if not percent:
        return "—"
    return f"{mean(percent):.1f}" + (f" ± {stdev(percent):.1f}" if len(percent) > 1 else "")
