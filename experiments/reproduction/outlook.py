"""What a command would do before it does it: how many runs, about how long, and which data are missing."""

import json
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch

from reproduction.execute import command
from reproduction.grid import Cell, Grid
from viewlearn.runs import read_jsonl
from viewlearn.training.compute import GIGA, TERA, peak_flops

MADE = ("cache",)  # last parts of flags whose folders a run makes itself
TIMINGS = "timings.jsonl"


def outlook(grids: Sequence[Grid], root: str, jobs: int, threads: int) -> list[str]:
    """Says what ``reproduce.py`` would do: a command line for each run that isn't done, and a summary.

    Args:
        grids: Tables.
        root: Folder of the data sets.
        jobs: Number of runs at a time.
        threads: CPU threads of each.
    """
    cells = list({cell.folder: cell for grid in grids for cell in grid.cells}.values())
    todo = [cell for cell in cells if not cell.done]
    begun = sum((cell.folder / "config.yaml").is_file() for cell in todo)
    lines = [shlex.join(command(cell, threads)) for cell in todo]
    lines.append(
        f"{len(cells)} runs: {len(cells) - len(todo)} done, {begun} to go on with, {len(todo) - begun} to begin; "
        f"{jobs} at a time"
    )
    if todo:
        lines.append(f"training: {_duration(cells, todo, jobs, threads)}")
    missing = missing_data(grids, root)
    lines.append("data: all there" if not missing else "data that are missing:")
    return lines + [f"  {path}   (for {', '.join(names)})" for path, names in missing.items()]


def missing_data(grids: Sequence[Grid], root: str) -> dict[str, list[str]]:
    """Returns the paths below ``root`` that tables read and that aren't there, each with the tables' names."""
    missing: dict[str, list[str]] = {}
    for grid in grids:
        named = [pair for cell in grid.cells for pair in pairwise(cell.flags)] + list(pairwise(grid.invariance or ()))
        named += [(f"--{flag}", value) for each in grid.evaluations for flag, value in each.questions.data.items()]
        for flag, value in named:
            for path in re.findall(re.escape(root) + r"""[^"',\]}\s]*""", value):
                known = Path(path).exists() or flag.rpartition(".")[2] in MADE
                if not known and grid.name not in missing.setdefault(path, []):
                    missing[path].append(grid.name)
    return {path: names for path, names in missing.items() if names}


def _duration(cells: Sequence[Cell], todo: Sequence[Cell], jobs: int, threads: int) -> str:
    """About how long the training takes that is left, and how that is known."""
    timed = {cell.folder: cost for cell in cells if (cost := _cost(cell.folder)) is not None}
    rate = median(tflop / seconds for tflop, seconds in timed.values()) if timed else None
    source = f"by the speed of {len(timed)} runs that have been timed here"
    floor = rate is None
    if rate is None:
        torch.set_num_threads(threads)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        rate = peak_flops(device, torch.float32) / TERA
        source = (
            f"at this machine's {rate * TERA / GIGA:,.0f} GFLOP/s of matrix products; small networks "
            "reach a tenth to a half of it"
        )
    total, unknown = 0.0, 0
    for cell in todo:
        seconds = _seconds(cell, cells, timed, rate)
        total, unknown = total + (seconds or 0.0), unknown + (seconds is None)
    rest = f"; {unknown} runs are given by steps, whose time isn't known before one of them has run" if unknown else ""
    if unknown == len(todo):
        return rest.removeprefix("; ")
    return f"{'at least' if floor else 'about'} {_written(total / min(jobs, len(todo)))}, {source}{rest}"


def _seconds(cell: Cell, cells: Sequence[Cell], timed: dict[Path, tuple[float, float]], rate: float) -> float | None:
    """The seconds that a run still takes: those of another seed of its row, or its compute at this rate (TFLOP/s)."""
    done = timed.get(cell.folder, (0.0, 0.0))
    seeds = [timed[each.folder] for each in cells if each.row == cell.row and each.done and each.folder in timed]
    if seeds:
        return max(0.0, median(seconds for _, seconds in seeds) - done[1])
    given = dict(pairwise(cell.flags)).get("--compute")
    return None if given is None else max(0.0, float(given) - done[0]) / rate


def _cost(folder: Path) -> tuple[float, float] | None:
    """What a run has computed so far, in TFLOP, and in how many seconds; None where it hasn't logged that."""
    try:
        lines = list(read_jsonl(folder / TIMINGS))
        tflop, seconds = 0.0, 0.0
        for line in lines:
            seconds += (line["tflop"] - tflop) * TERA / (line["gflop_per_second"] * GIGA)
            tflop = line["tflop"]
    except (OSError, json.JSONDecodeError, KeyError):  # not begun, torn, or of an older version
        return None
    return (tflop, seconds) if seconds else None


def _written(seconds: float) -> str:
    """Writes a duration with two digits: 45 s, 12 min, 3.5 h, 2.1 days."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}" if seconds < 9.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
