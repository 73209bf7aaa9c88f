"""Every test process takes one thread, as two of them share the machine, and a fixture for several processes.

``VIEWLEARN_TEST_THREADS=2`` gives each two: sums then come in another order, which no test may depend on.
"""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable

os.environ.setdefault("VIEWLEARN_TEST_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", os.environ["VIEWLEARN_TEST_THREADS"])

import pytest
import torch

torch.set_num_threads(int(os.environ["VIEWLEARN_TEST_THREADS"]))

_CHILD = """
import importlib.util, os, sys
import torch
import torch.distributed as dist

path, name, rank, size, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
torch.set_num_threads(int(os.environ["VIEWLEARN_TEST_THREADS"]))
dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=size)
spec = importlib.util.spec_from_file_location("target", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
torch.save(getattr(module, name)(rank, size), f"{folder}/result{rank}.pt")
dist.barrier()
dist.destroy_process_group()
"""


@pytest.fixture(autouse=True)
def _threads():
    """A job that a test has started in this process may have taken all cores; the next test doesn't keep them."""
    yield
    torch.set_num_threads(int(os.environ["VIEWLEARN_TEST_THREADS"]))


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def in_processes(tmp_path) -> Callable:
    """``in_processes(function, size=2)`` calls ``function(rank, size)``, a module's top-level function, in ``size``
    processes that form a gloo group; returns their results (tensors in lists and dicts) by rank."""

    def run(function: Callable, size: int = 2) -> list:
        source = inspect.getfile(function)
        processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-W",
                    "error",
                    "-c",
                    _CHILD,
                    source,
                    function.__name__,
                    str(rank),
                    str(size),
                    str(tmp_path),
                ],
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(size)
        ]
        try:
            errors = [process.communicate(timeout=600)[1] for process in processes]
        finally:
            for process in processes:
                process.kill()
        assert not any(process.returncode for process in processes), "\n".join(errors)
        return [torch.load(tmp_path / f"result{rank}.pt", weights_only=True) for rank in range(size)]

    return run
