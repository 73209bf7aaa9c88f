"""The engine of ``reproduce.py``: a table is a declared grid of runs."""

from reproduction.execute import execute, room
from reproduction.extras import evaluate_extras
from reproduction.figure import save_table_tradeoffs
from reproduction.grid import Cell, Grid, load_grid, table_names
from reproduction.invariance import measure_invariances
from reproduction.tabulate import tabulate

__all__ = [
    "Cell",
    "Grid",
    "evaluate_extras",
    "execute",
    "load_grid",
    "measure_invariances",
    "room",
    "save_table_tradeoffs",
    "table_names",
    "tabulate",
]
