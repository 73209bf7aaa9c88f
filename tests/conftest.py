"""Every test process takes one thread, as two of them share the machine, and fixtures for processes of a test's own.

``VIEWLEARN_TEST_THREADS=2`` gives each two: sums then come in another order, which no test may depend on.
"""

import inspect
import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

os.environ.setdefault("VIEWLEARN_TEST_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", os.environ["VIEWLEARN_TEST_THREADS"])

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # where child is, which processes import by name

import child

THREADS = int(os.environ["VIEWLEARN_TEST_THREADS"])
torch.set_num_threads(THREADS)


def _own_cores() -> None:
    """Keeps this worker, and all that it starts, on cores of its own, as many as it has threads.

    A command that is tested as it is written in the documents takes every core that it sees. Two of them at once, with
    two threads each on two cores, wait for one another and take four times as long.
    """
    cores = sorted(os.sched_getaffinity(0))
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")) * THREADS
    os.sched_setaffinity(0, {cores[(number + i) % len(cores)] for i in range(THREADS)})


if "PYTEST_XDIST_WORKER" in os.environ:  # the process that starts the workers would hand down its one core
    _own_cores()

# Each process would import these for itself, in five seconds: the server does so once, and forks.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["pytest", "torch._dynamo", "torchvision", "scipy.stats", "viewlearn.plots.curves", "viewlearn.runs", "audio"]
)


class Script:
    """A script that runs in a process of its own.

    Args:
        process: The process, which has been started.
        output: File with what it says.
    """

    def __init__(self, process: ForkServerProcess, output: Path):
        self.process = process
        self.output = output

    def finish(self, timeout: float = 240) -> tuple[int, str]:
        """Waits for its end; returns its exit code, −9 if it was killed, and what it has said."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        return self.process.exitcode or 0, self.output.read_text()


@pytest.fixture(autouse=True)
def _threads():
    """A job that a test has started in this process may have taken all cores; the next test doesn't keep them."""
    yield
    torch.set_num_threads(THREADS)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def rough_fits(monkeypatch) -> None:
    """Linear probes end far from their minimum: where what is asked and written is tested, and not how well."""
    from viewlearn.evaluation.probes import logistic

    minimize = logistic._minimize
    monkeypatch.setattr(logistic, "_minimize", lambda *arguments: minimize(*arguments[:-1], 0.02))


@pytest.fixture(scope="session")
def start(tmp_path_factory) -> Callable[..., Script]:
    """``start(path, *flags, folder=…, **environment)`` starts a script in a process of its own, in a folder."""

    def start(path: Path, *flags: str, folder: Path | None = None, **environment: str) -> Script:
        output = tmp_path_factory.mktemp("said") / "output.txt"
        arguments = (str(path), flags, environment, str(folder or Path.cwd()), str(output))
        process = PROCESSES.Process(target=child.run_script, args=arguments)
        process.start()
        return Script(process, output)

    return start


@pytest.fixture
def in_processes(tmp_path) -> Callable:
    """``in_processes(function, size=2)`` calls ``function(rank, size)``, a module's top-level function, in ``size``
    processes that form a gloo group; returns their results (tensors in lists and dicts) by rank."""

    def run(function: Callable, size: int = 2) -> list:
        source = inspect.getfile(function)
        processes = [
            PROCESSES.Process(target=child.call, args=(source, function.__name__, rank, size, str(tmp_path)))
            for rank in range(size)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(600)
            process.kill()
            process.join()
        said = [(tmp_path / f"said{rank}.txt").read_text() for rank in range(size)]
        assert not any(process.exitcode for process in processes), "\n".join(said)
        return [torch.load(tmp_path / f"result{rank}.pt", weights_only=True) for rank in range(size)]

    return run
