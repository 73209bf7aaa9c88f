"""The invariances of a table's encoders, measured by ``experiments/invariance.py``."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import torch

from reproduction.execute import ROOT
from reproduction.grid import Grid

SCRIPT = "experiments/invariance.py"


def measure_invariances(grid: Grid, threads: int) -> None:
    """Measures all encoders that are done, unless that was done since; the results are in ``FOLDER/invariance``.

    Raises:
        ValueError: the measuring failed; what it said is on the terminal.
    """
    done = [cell for cell in grid.cells if cell.done]
    if grid.invariance is None or not done:
        return
    folder, encoders = _folder(grid), [f"{cell.row}={cell.folder}" for cell in done]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    line = ["random", *encoders, *grid.invariance, "--out", str(folder), "--threads", str(threads), "--device", device]
    newest = max((cell.folder / "results.json").stat().st_mtime for cell in done)
    same = shlex.split(str(_info(folder).get("command", "")))[1:] == line
    if same and _results(folder).stat().st_mtime >= newest:
        return
    if subprocess.run([sys.executable, SCRIPT, *line], cwd=ROOT).returncode:
        raise ValueError(f"the invariances of table {grid.name} couldn't be measured")


def invariance_tables(grid: Grid) -> list[str]:
    """Paragraphs of a table's text; none where nothing was measured."""
    path = _folder(grid) / "invariance.md"
    if grid.invariance is None or not path.is_file():
        return []
    info = _info(path.parent)
    return [
        "Invariances, `score ± sd over seeds (null mean) excess in standard deviations of the null` "
        f"(measured at commit {info.get('commit')}, {info.get('device')}):",
        "",
        path.read_text(encoding="utf-8"),
    ]


def _folder(grid: Grid) -> Path:
    return grid.folder / "invariance"


def _results(folder: Path) -> Path:
    return folder / "invariance.json"


def _info(folder: Path) -> dict:
    path = _results(folder)
    return json.loads(path.read_text(encoding="utf-8")).get("info", {}) if path.is_file() else {}
