"""The engine of ``reproduce.py``: a table is a declared grid of runs."""

from reproduction.answers import ask_runs
from reproduction.execute import ROOT, execute, num_parallel_runs
from reproduction.grid import Cell, Grid, load_grid, table_names
from reproduction.invariance import measure_invariances
from reproduction.outlook import missing_data, outlook
from reproduction.table import results_table

__all__ = [
    "ROOT",
    "Cell",
    "Grid",
    "ask_runs",
    "execute",
    "load_grid",
    "measure_invariances",
    "missing_data",
    "num_parallel_runs",
    "outlook",
    "results_table",
    "table_names",
]
