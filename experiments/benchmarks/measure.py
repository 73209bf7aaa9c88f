"""Interleaved timings and peak memory, so that a noisy machine hits every competitor alike."""

import gc
import multiprocessing
import resource
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: the median and the quartiles."""

    median: float
    q1: float
    q3: float

    def __str__(self) -> str:
        unit, scale = ("s", 1.0) if self.median >= 1 else ("ms", 1e3)
        return f"{self.median * scale:.3g} {unit} [{self.q1 * scale:.3g}, {self.q3 * scale:.3g}]"


@dataclass(frozen=True)
class Speed:
    """How fast something is beside a peer. ``ratio`` is peer over ours (above 1: we win), None without a peer."""

    part: str
    what: str
    ours: str
    peer: str
    ratio: float | None
    target: str
    note: str = ""


def compare(functions: Mapping[str, Callable[..., object]], repeats: int = 15, warmup: int = 2) -> dict[str, Timing]:
    """Calls each function in turn, ``repeats`` rounds after ``warmup``; returns the timing of each."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for round_ in range(warmup + repeats):
        for name, function in functions.items():
            synchronize()
            start = time.perf_counter()
            function()
            synchronize()
            if round_ >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return {name: Timing(statistics.median(s), *statistics.quantiles(s, n=4)[::2]) for name, s in seconds.items()}


def fastest_device() -> torch.device:
    """The accelerator, if there is one, else the CPU."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return accelerator or torch.device("cpu")


def synchronize() -> None:
    """Waits for the accelerator, if there is one."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()


def peak_memory(function: Callable[[], object]) -> int:
    """Bytes of memory that one call takes at its peak beyond what was held before, in a forked process."""
    receive, send = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_measure_peak, args=(function, send))
    process.start()
    send.close()
    try:
        return receive.recv()
    finally:
        process.join()


def _measure_peak(function: Callable[[], object], send) -> None:
    torch.set_num_threads(1)  # a forked process has no thread pool of its own to rely on
    gc.collect()
    before = _resident()
    peak, done = before, threading.Event()

    def watch():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, _resident())
            time.sleep(0.0005)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    function()
    done.set()
    watcher.join()
    send.send(peak - before)


def _resident() -> int:
    """Resident bytes of this process."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()
