"""Accuracy on one task against the destruction of another's label, all runs of some tables, with the linear model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reproduction.columns import Column, destroyed
from reproduction.grid import Cell, Grid
from theory import disagreement, sphere_optimum
from viewlearn.plots.destruction import Tradeoff, TradeoffPanel, save_tradeoffs
from viewlearn.report.run_reader import MissingPart, RunReader, SharedData
from viewlearn.report.sections.destruction import contrast


def save_table_tradeoffs(grids: Sequence[Grid], path: Path) -> Path | None:
    """Draws a row of panels for each table of which destruction is known, one for each of its pairs of tasks.

    Returns the path; None if there are less than two runs to draw of every table.
    """
    rows = []
    for grid in grids:
        panels = []
        for a, b in grid.tradeoffs if grid.destruction else ():
            points = [point for cell in grid.cells if (point := _point(grid, cell, a, b)) is not None]
            if len(points) > 1:
                panels.append(TradeoffPanel((a, b), points, _prediction(grid, points, a, b), title=grid.title))
        if panels:
            rows.append(panels)
    return save_tradeoffs(path, rows) if rows else None


def _point(grid: Grid, cell: Cell, a: str, b: str) -> Tradeoff | None:
    rates = destroyed(cell) if cell.done else {}
    if a not in rates:
        return None
    accuracy = Column(b, None, b, grid.probe).value(cell)
    return None if accuracy is None else Tradeoff(cell.row, rates[a], accuracy)


def _prediction(grid: Grid, points: Sequence[Tradeoff], a: str, b: str) -> tuple[list[float], list[float]] | None:
    """The share of the embedding that B has when A is a shortcut, scaled to the range of the accuracies.

    The model says where the share rises with A's destruction, not which accuracy a share gives.
    """
    run = RunReader(next(cell for cell in grid.cells if cell.done).folder, 0, SharedData())
    try:
        setting, tasks = contrast(run), run.spec.tasks
    except MissingPart:
        return None
    if setting is None or a not in tasks or b not in tasks:
        return None
    num_a, num_b = len(tasks[a]), len(tasks[b])
    dropouts = np.linspace(0, 1, 41)
    shares = np.array([sphere_optimum(*setting, num_b, disagreement(p)) for p in dropouts])
    low, high = (100 * bound(point.accuracy for point in points) for bound in (min, max))
    scaled = low + (high - low) * shares / max(shares.max(), 1e-12)
    return (100 * dropouts * (1 - 1 / num_a)).tolist(), scaled.tolist()
