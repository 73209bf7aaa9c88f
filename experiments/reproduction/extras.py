"""What tables ask beyond a run's own results: factors by a linear probe, and what the views destroy."""

import json

import torch
from jsonargparse import Namespace

import viewlearn
from reproduction.grid import Cell, Grid
from viewlearn.evaluation import factor_probe
from viewlearn.report.analysis import FILE, AnalysisSettings, analyse_runs
from viewlearn.report.opened import OpenedRun, Pool
from viewlearn.training import make_parser
from viewlearn.views import View

FACTORS = "factors.json"


def evaluate_extras(grid: Grid, device: str | None = None) -> None:
    """Measures, for every run that is done and wasn't measured before, the grid's factors and label destruction."""
    pool = Pool()
    done = [cell for cell in grid.cells if cell.done]
    for cell in done:
        if grid.factors and not (cell.folder / FACTORS).is_file():
            found = {name: _factor(cell, view, pool, device) for name, view in grid.factors.items()}
            (cell.folder / FACTORS).write_text(json.dumps(found), encoding="utf-8")
    waiting = [cell for cell in done if not (cell.folder / FILE).is_file()]
    if grid.destruction and waiting:
        settings = AnalysisSettings(device=device or ("cuda" if torch.cuda.is_available() else "cpu"))
        analyse_runs([OpenedRun(cell.folder, i, pool) for i, cell in enumerate(waiting)], settings)


def _factor(cell: Cell, view: str, pool: Pool, device: str | None) -> float:
    run = OpenedRun(cell.folder, 0, pool)
    encoder = viewlearn.load(cell.folder)
    return factor_probe(encoder.to(device or "cpu"), run.data, _make(view), "turns", device=device).trained.accuracy


def _make(view: str) -> View:
    """A view by its class's name or path."""
    parser = make_parser("", {"data": {"class_path": "vision.PhotoDigits"}})
    return parser.instantiate(Namespace(views=parser.parse_args(["--views", view]).views)).views
