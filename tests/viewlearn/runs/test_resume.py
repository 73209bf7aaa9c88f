"""Killed and resumed runs against uninterrupted ones, in processes of their own."""

import signal
import time
from functools import cache
from pathlib import Path

import pytest
from safetensors.torch import load_file

DRIVER = Path(__file__).parent / "driver.py"


def same_run(a: Path, b: Path) -> None:
    assert (a / "metrics.jsonl").read_text() == (b / "metrics.jsonl").read_text()
    x, y = load_file(a / "encoder.safetensors"), load_file(b / "encoder.safetensors")
    assert x.keys() == y.keys()
    assert all((x[name] == y[name]).all() for name in x)
    newest = [sorted((run / "checkpoints").iterdir())[-1] / "state.safetensors" for run in (a, b)]
    assert newest[0].read_bytes() == newest[1].read_bytes()  # weights of both players, optimizers, generators


# 3 checkpoints in 12 steps of an epoch of 4 batches; every 5 steps falls inside an epoch and inside a logged window.
SETTINGS = ["--steps", "12", "--checkpoint_every", "5", "--monitor_every", "3", "--accumulate", "1"]


@pytest.fixture(scope="module")
def whole(start, tmp_path_factory):
    """``whole(*flags)`` is the folder of an uninterrupted run, which tests with the same flags share."""

    @cache
    def train(*flags: str) -> Path:
        out = tmp_path_factory.mktemp("whole") / "run"
        code, said = start(DRIVER, "--out", str(out), *SETTINGS, *flags).finish()
        assert code == 0, said
        return out

    return train


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--updates", "alternating", "--precision", "bf16", "--accumulate", "2")])
def test_killed_and_resumed_equals_uninterrupted(tmp_path, start, whole, flags):
    cut = str(tmp_path / "cut")
    killed, _ = start(DRIVER, "--out", cut, *SETTINGS, *flags, KILL_AFTER_CHECKPOINTS="1").finish()
    assert killed == -signal.SIGKILL
    code, said = start(DRIVER, "--resume", cut).finish()
    assert code == 0, said
    same_run(whole(*flags), tmp_path / "cut")


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path, start, whole):
    cut = tmp_path / "cut"
    script = start(DRIVER, "--out", str(cut), *SETTINGS)
    while not (cut / "metrics.jsonl").exists() and script.process.is_alive():
        time.sleep(0.01)  # it has just begun to train: no checkpoint yet
    script.process.kill()
    assert script.finish()[0] == -signal.SIGKILL
    code, said = start(DRIVER, "--resume", str(cut)).finish()
    assert code == 0, said
    same_run(whole(), cut)


@pytest.mark.slow
def test_a_resume_keeps_its_configuration(tmp_path, start, whole):
    out = str(whole())
    code, said = start(DRIVER, "--resume", out, "--steps", "3").finish()
    assert code != 0
    assert "the run has steps 12; to go on, give more than that, not 3" in said
    code, said = start(DRIVER, "--resume", out, "--views.budget", "0.2").finish()
    assert code != 0
    assert "views.init_args.budget: 0.05 → 0.2" in said
    code, said = start(DRIVER, "--out", out, "--steps", "2").finish()
    assert code != 0
    assert "exists already" in said
    code, said = start(DRIVER, "--resume", str(tmp_path / "nowhere")).finish()
    assert code != 0
    assert "no run folder" in said
