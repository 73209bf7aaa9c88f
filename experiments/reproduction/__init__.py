"""The engine of ``reproduce.py``: a table is a declared grid of runs."""

from reproduction.answers import ask_runs
from reproduction.execute import execute, num_parallel_runs
from reproduction.grid import Cell, Grid, load_grid, table_names
from reproduction.invariance import measure_invariances
from reproduction.table import results_table
from reproduction.tradeoffs import save_table_tradeoffs

__all__ = [
    "Cell",
    "Grid",
    "ask_runs",
    "execute",
    "load_grid",
    "measure_invariances",
    "num_parallel_runs",
    "results_table",
    "save_table_tradeoffs",
    "table_names",
]
