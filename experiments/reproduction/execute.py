"""Runs a grid: skips what is done, resumes what was stopped, several at a time where there is room."""

import json
import os
import queue
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from reproduction.grid import Cell
from viewlearn.endings import LATER
from viewlearn.files import write_text

ROOT = Path(__file__).parents[2]
BYTES_PER_RUN = 3 * 2**30
DONE, LEFT, FAILED = "done", "stopped in time", "FAILED"  # how a run ended


def num_parallel_runs(threads: int) -> int:
    """Counts the runs that this machine can make at a time: one per GPU, or as many as cores and free memory allow."""
    if torch.cuda.is_available():
        return torch.cuda.device_count()
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)) // threads, free // BYTES_PER_RUN))


@dataclass(frozen=True)
class Unfinished:
    """Runs of a table that aren't done.

    Args:
        failed: Runs that ended with an error.
        left: Runs that were stopped or not begun, as the time was up.
    """

    failed: Sequence[Cell] = ()
    left: Sequence[Cell] = ()


def execute(cells: Sequence[Cell], jobs: int, threads: int = 1, until: float | None = None) -> Unfinished:
    """Brings every run to its end; the output of each is in ``FOLDER.log``.

    A run's flags are kept in ``FOLDER.flags.json``, so that a changed declaration can't be taken for the old one.

    Args:
        cells: Runs.
        jobs: Number of runs at a time.
        threads: CPU threads of each.
        until: Time of ``time.monotonic`` at which runs save and stop; None for none.

    Raises:
        ValueError: A run was begun with other flags.
    """
    for cell in cells:
        _check_flags(cell)
    todo = [cell for cell in cells if not cell.done]
    print(f"{len(cells)} runs, {len(cells) - len(todo)} done already, {jobs} at a time", flush=True)
    devices: queue.Queue[int | None] = queue.Queue()
    for device in range(torch.cuda.device_count()) if torch.cuda.is_available() else [None] * jobs:
        devices.put(device)

    def run(cell: Cell) -> str:
        device = devices.get()
        try:
            minutes = None if until is None else (until - time.monotonic()) / 60
            return LEFT if minutes is not None and minutes <= 0 else _run(cell, device, threads, minutes)
        finally:
            devices.put(device)

    with ThreadPoolExecutor(max(1, min(jobs, devices.qsize()))) as pool:
        became = list(zip(todo, pool.map(run, todo), strict=True))
    return Unfinished([cell for cell, end in became if end == FAILED], [cell for cell, end in became if end == LEFT])


def command(cell: Cell, threads: int) -> list[str]:
    """Returns the command line that begins a run, or goes on with it."""
    train = [sys.executable, "experiments/train.py"]
    if (cell.folder / "config.yaml").is_file():
        return [*train, "--resume", str(cell.folder)]
    own = {"seed": cell.seed, "threads": threads, "report": "false", "out": cell.folder}  # the table is the report
    return [*train, *cell.flags, *(text for flag, value in own.items() for text in (f"--{flag}", str(value)))]


def _check_flags(cell: Cell) -> None:
    path = _beside(cell, ".flags.json")
    begun = cell.folder.is_dir() and path.is_file()  # a run that failed at its first step leaves its flags alone
    if begun and tuple(json.loads(path.read_text(encoding="utf-8"))) != cell.flags:
        raise ValueError(
            f"{cell.folder} was begun with other flags than the table now has (see {path.name}); "
            "remove both, or choose another --out"
        )


def _run(cell: Cell, device: int | None, threads: int, minutes: float | None) -> str:
    cell.folder.parent.mkdir(parents=True, exist_ok=True)
    write_text(_beside(cell, ".flags.json"), json.dumps(cell.flags))
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    if device is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(device)
    with _beside(cell, ".log").open("a", encoding="utf-8") as log:
        line = command(cell, threads) + ([] if minutes is None else ["--stop_after", f"{minutes:.2f}"])
        log.write(shlex.join(line) + "\n")
        log.flush()
        code = subprocess.run(line, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode
    end = DONE if code == 0 and cell.done else LEFT if code == LATER else FAILED
    print(f"{end}: {cell.folder.name}", flush=True)
    return end


def _beside(cell: Cell, suffix: str) -> Path:
    return cell.folder.with_name(cell.folder.name + suffix)
