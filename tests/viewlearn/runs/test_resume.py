"""Killed and resumed runs against uninterrupted ones, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

DRIVER = Path(__file__).parent / "driver.py"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def train(*flags: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(DRIVER), *flags]
    return subprocess.run(command, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=240)


def same_run(a: Path, b: Path) -> None:
    assert (a / "metrics.jsonl").read_text() == (b / "metrics.jsonl").read_text()
    x, y = load_file(a / "encoder.safetensors"), load_file(b / "encoder.safetensors")
    assert x.keys() == y.keys()
    assert all((x[name] == y[name]).all() for name in x)
    newest = [sorted((run / "checkpoints").iterdir())[-1] / "state.safetensors" for run in (a, b)]
    assert newest[0].read_bytes() == newest[1].read_bytes()  # weights of both players, optimizers, generators


# 3 checkpoints in 12 steps of an epoch of 4 batches; every 5 steps falls inside an epoch and inside a logged window.
SETTINGS = ("--steps", "12", "--checkpoint_every", "5", "--monitor_every", "3", "--accumulate", "1")


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--updates", "alternating", "--precision", "bf16", "--accumulate", "2")])
def test_killed_and_resumed_equals_uninterrupted(tmp_path, flags):
    assert train("--out", str(tmp_path / "whole"), *SETTINGS, *flags).returncode == 0
    killed = train("--out", str(tmp_path / "cut"), *SETTINGS, *flags, KILL_AFTER_CHECKPOINTS="1")
    assert killed.returncode == -signal.SIGKILL
    resumed = train("--resume", str(tmp_path / "cut"))
    assert resumed.returncode == 0, resumed.stderr
    same_run(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path):
    assert train("--out", str(tmp_path / "whole"), *SETTINGS).returncode == 0
    cut = tmp_path / "cut"
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), "--out", str(cut), *SETTINGS], env=ENVIRONMENT, stderr=subprocess.DEVNULL
    )
    while not (cut / "metrics.jsonl").exists() and process.poll() is None:
        time.sleep(0.01)  # it has just begun to train: no checkpoint yet
    process.kill()
    process.wait()
    assert train("--resume", str(cut)).returncode == 0
    same_run(tmp_path / "whole", cut)


@pytest.mark.slow
def test_a_resume_keeps_its_configuration(tmp_path):
    out = str(tmp_path / "run")
    assert train("--out", out, "--steps", "2").returncode == 0
    changed = train("--resume", out, "--steps", "3", "--views.budget", "0.2")
    assert changed.returncode != 0
    assert "steps: 2 → 3" in changed.stderr
    assert "views.init_args.budget: 0.05 → 0.2" in changed.stderr
    again = train("--out", out, "--steps", "2")
    assert "exists already" in again.stderr
    missing = train("--resume", str(tmp_path / "nowhere"))
    assert "no run folder" in missing.stderr
