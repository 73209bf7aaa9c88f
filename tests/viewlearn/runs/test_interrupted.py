"""A run that a scheduler or its own limit stops goes on to the same bytes."""

import os
import signal
from pathlib import Path

import pytest

from viewlearn.endings import LATER, Stopped
from viewlearn.interruption import Interruption
from viewlearn.runs import RunFolder
from viewlearn.runs.checkpoint import checkpoints_in

FLAGS = ("--steps", "6", "--log_every", "4", "--checkpoint_every", "0", "--encoder", "toy.Plain", "--data.size", "8")


def content(folder: str) -> list[bytes]:
    return [(Path(folder) / name).read_bytes() for name in ("metrics.jsonl", "encoder.safetensors")]


def asks_at_step(monkeypatch, step: int, ask) -> None:
    """Asks while a step is computed, by its number from 1."""
    decode, calls = Interruption.why, [0]

    def why(self) -> str | None:
        calls[0] += 1
        if calls[0] == step:
            ask(self)
        return decode(self)

    monkeypatch.setattr(Interruption, "why", why)


def test_a_signal_lets_the_step_end_and_saves(launch, monkeypatch):
    launch("--out", "whole", *FLAGS)
    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        asks_at_step(patch, 3, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(
            Stopped, match=r"^stopped by SIGTERM; go on by: .* --resume cut .*newest .* of step 3"
        ) as end:
            launch("--out", "cut", *FLAGS)
    assert end.value.code == LATER
    assert signal.getsignal(signal.SIGTERM) == before  # outside of training, a signal ends the process at once
    assert not (Path("cut") / "results.json").exists()
    launch("--resume", "cut")
    assert content("cut") == content("whole")


def test_a_limit_of_time(launch, monkeypatch):
    with monkeypatch.context() as patch:
        asks_at_step(patch, 2, lambda interruption: setattr(interruption, "began", -1e6))
        with pytest.raises(Stopped, match=r"^stopped by its limit of 5 minutes; go on by: .*of step 2"):
            launch("--out", "run", *FLAGS, "--stop_after", "5")
    launch("--resume", "run")  # the limit was of that command, not of the run
    assert (Path("run") / "results.json").exists()
    with pytest.raises(ValueError, match="stop_after"):
        launch("--out", "never", *FLAGS, "--stop_after", "0")


def test_checkpoints_by_the_clock(launch, monkeypatch):
    """Each step takes a minute; the step that ends the run saves anyway."""
    minutes = iter(range(1000))
    monkeypatch.setattr("viewlearn.training.loop.time.monotonic", lambda: 60.0 * next(minutes))
    saved, save = [], RunFolder.save_checkpoint
    monkeypatch.setattr(
        RunFolder, "save_checkpoint", lambda run, step, *rest: saved.append(step) or save(run, step, *rest)
    )
    launch("--out", "run", *FLAGS, "--checkpoint_minutes", "3")
    assert saved and saved[-1] == 6 and len(saved) < 6
    assert [step for step, _ in checkpoints_in(Path("run/checkpoints"))][-1] == 6


def test_another_signal_ends_the_process():
    interruption, before = Interruption(), signal.getsignal(signal.SIGUSR1)
    with interruption.heeding_signals():
        os.kill(os.getpid(), signal.SIGUSR1)
        assert interruption.by_signal() and interruption.why() == "SIGUSR1"
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGUSR1) == before
