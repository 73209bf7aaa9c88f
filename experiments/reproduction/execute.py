"""Runs a grid: skips what is done, resumes what was stopped, several at a time where there is room."""

import json
import os
import queue
import shlex
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from reproduction.grid import Cell
from viewlearn.files import write_text

ROOT = Path(__file__).parents[2]
BYTES_PER_RUN = 3 * 2**30


def num_parallel_runs(threads: int) -> int:
    """Counts the runs that this machine can make at a time: one per GPU, or as many as cores and free memory allow."""
    if torch.cuda.is_available():
        return torch.cuda.device_count()
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(len(os.sched_getaffinity(0)) // threads, free // BYTES_PER_RUN))


def execute(cells: Sequence[Cell], jobs: int, threads: int = 1) -> list[Cell]:
    """Brings every run to its end, and returns those that failed; the output of each is in ``FOLDER.log``.

    A run's flags are kept in ``FOLDER.flags.json``, so that a changed declaration can't be taken for the old one.

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

    def run(cell: Cell) -> bool:
        device = devices.get()
        try:
            return _run(cell, device, threads)
        finally:
            devices.put(device)

    with ThreadPoolExecutor(max(1, min(jobs, devices.qsize()))) as pool:
        return [cell for cell, succeeded in zip(todo, pool.map(run, todo), strict=True) if not succeeded]


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


def _run(cell: Cell, device: int | None, threads: int) -> bool:
    cell.folder.parent.mkdir(parents=True, exist_ok=True)
    write_text(_beside(cell, ".flags.json"), json.dumps(cell.flags))
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    if device is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(device)
    with _beside(cell, ".log").open("a", encoding="utf-8") as log:
        line = command(cell, threads)
        log.write(shlex.join(line) + "\n")
        log.flush()
        code = subprocess.run(line, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT).returncode
    done = code == 0 and cell.done
    print(f"{'done' if done else 'FAILED'}: {cell.folder.name}", flush=True)
    return done


def _beside(cell: Cell, suffix: str) -> Path:
    return cell.folder.with_name(cell.folder.name + suffix)
