"""Runs in this process: ``launch("--steps", "3")`` as the command line would, on toy data, in a folder of its own."""

import importlib
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

from viewlearn.runs import RunFolder, make_parser, run

DRIVER = Path(__file__).parent / "driver.py"
sys.path.insert(0, str(Path(__file__).parent))  # where toy is, which runs name by import path

DEFAULTS = {
    "data": {"class_path": "toy.Toy"},
    "views": {"class_path": "viewlearn.Viewmaker", "init_args": {"width": 4, "num_res_blocks": 1}},
    "encoder": {"class_path": "viewlearn.Backbone", "init_args": {"name": "resnet10w4"}},
    "batch_size": 16,
    "log_every": 2,
    "device": "cpu",
    "threads": 1,
    "steps": 2,
    "probes": ["knn"],
    "report": False,
}


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    """Accelerate's state is global, and runs go where the process stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(autouse=True)
def _short_ends(request, monkeypatch):
    """Pictures and the machine's peak take longer than the steps; who looks at them asks for ``whole_ends``.

    To count a step's operations takes as long as some steps; who needs their number asks for ``counted_steps``.
    """
    if not {"whole_ends", "counted_steps"} & set(request.fixturenames):
        monkeypatch.setattr("viewlearn.training.loop.step_flops", lambda *_: 10**7)
    if "whole_ends" not in request.fixturenames:
        module = importlib.import_module("viewlearn.runs.run")  # whose name in the package is the function's
        monkeypatch.setattr(module, "save_figures", lambda *_: [])
        monkeypatch.setattr("viewlearn.training.loop.peak_flops", lambda *_: 1.0)


@pytest.fixture
def whole_ends() -> None:
    """Runs draw their pictures and measure the machine."""


@pytest.fixture
def counted_steps() -> None:
    """Runs count the operations of a step."""


@pytest.fixture
def parser():
    import toy  # noqa: F401

    return make_parser("a test", DEFAULTS)


@pytest.fixture
def launch(parser) -> Callable:
    def launch(*flags: str):
        AcceleratorState._reset_state(reset_partial_state=True)
        return run(parser, [*flags, "--trust"])  # of toy, which no folder may name unasked

    return launch


@pytest.fixture
def start_ranks(start) -> Callable[..., list]:
    """``start_ranks(num_processes, out, *flags)`` starts processes that are told of each other as by ``torchrun``."""

    def start_ranks(num_processes: int, out: Path, *flags: str) -> list:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        group = {"WORLD_SIZE": str(num_processes), "LOCAL_WORLD_SIZE": str(num_processes)}
        group |= {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
        ranks = [{**group, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(num_processes)]
        return [start(DRIVER, "--out", str(out), *flags, **rank) for rank in ranks]

    return start_ranks


@pytest.fixture
def train(start_ranks) -> Callable[..., Path]:
    """``train(num_processes, out, *flags)`` trains in several processes to the end."""

    def train(num_processes: int, out: Path, *flags: str) -> Path:
        for script in start_ranks(num_processes, out, *flags):
            code, said = script.finish(120)
            assert code == 0, said[-3000:]
        return out

    return train


@pytest.fixture
def launch_and_stop(launch, monkeypatch) -> Callable[..., None]:
    """``launch_and_stop(step, *flags)`` launches a run that ends in an error once it has logged a step."""

    class Stop(Exception):
        pass

    def launch_and_stop(step: int, *flags: str) -> None:
        log = RunFolder.log_metrics

        def stopping(self: RunFolder, line: dict) -> None:
            log(self, line)
            if line["step"] == step:
                raise Stop

        with monkeypatch.context() as patch, pytest.raises(Stop):
            patch.setattr(RunFolder, "log_metrics", stopping)
            launch(*flags)

    return launch_and_stop
