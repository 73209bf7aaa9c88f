"""Accuracy on one task against the destruction of another's label, all runs of a table, with the linear model."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np

from reproduction.grid import Cell, Grid
from reproduction.reading import Column, destroyed
from theory.finite_negatives import disagreement, sphere_optimum
from viewlearn.plots.destruction import Tradeoff, tradeoff_figure
from viewlearn.report.opened import Missing, OpenedRun, Pool
from viewlearn.report.sections.destruction import contrast


def draw_tradeoffs(grid: Grid, stem: Path) -> list[Path]:
    """Draws a figure for each pair of tasks of which at least two runs are known; returns their paths."""
    paths = []
    if grid.destruction:
        for a, b in permutations(grid.tasks, 2):
            points = [point for cell in grid.cells if (point := _point(grid, cell, a, b)) is not None]
            if len(points) > 1:
                path = stem.with_name(f"{stem.name}-{b}-by-{a}.png")
                title = f"{grid.title}: {b} against the destruction of {a}"
                paths.append(
                    tradeoff_figure(path, points, (a, b), prediction=_prediction(grid, points, a, b), title=title)
                )
    return paths


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
    run = OpenedRun(next(cell for cell in grid.cells if cell.done).folder, 0, Pool())
    setting = contrast(run)
    try:
        num_a, num_b = (len(run.spec.tasks[task]) for task in (a, b))
    except (Missing, KeyError):
        return None
    if setting is None:
        return None
    dropouts = np.linspace(0, 1, 41)
    shares = np.array([sphere_optimum(*setting, num_b, disagreement(p)) for p in dropouts])
    low, high = (100 * bound(point.accuracy for point in points) for bound in (min, max))
    scaled = low + (high - low) * shares / max(shares.max(), 1e-12)
    return (100 * dropouts * (1 - 1 / num_a)).tolist(), scaled.tolist()
