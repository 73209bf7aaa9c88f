"""Toy data and encoders are where the tests of runs have them; Accelerate's state is global."""

import sys
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState

sys.path.insert(0, str(Path(__file__).parent))  # where toy is, which runs name by import path

DEFAULTS = {
    "data": {"class_path": "toy.Toy"},
    "views": {"class_path": "viewlearn.views.Viewmaker", "init_args": {"width": 4, "num_res_blocks": 1}},
    "encoder": {"class_path": "viewlearn.encoders.Backbone", "init_args": {"name": "resnet10w4"}},
    "batch_size": 16,
    "log_every": 2,
    "device": "cpu",
    "threads": 1,
    "precision": "fp32",  # on every machine: auto takes bf16 where the hardware has it
    "steps": 2,
    "probes": ["knn"],
    "report": False,
}


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
