"""Two processes with different data against one. (``accelerate launch`` starts one process only on a CPU.)"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from viewlearn.training.seeds import seed_for

DRIVER = Path(__file__).parent / "driver.py"
PLAIN = (
    "--encoder",
    "toy.Plain",
    "--views",
    "Identity",
    "--precision",
    "fp32",
    "--steps",
    "6",
    "--checkpoint_every",
    "1",
)
PLAIN = (*PLAIN, "--keep_checkpoints", "9", "--optimizer.lr", "0.3")


def train_by_torchrun(num_processes: int, out: Path, *flags: str) -> Path:
    launch = ["--nproc_per_node", str(num_processes), "--standalone", str(DRIVER)]
    command = [sys.executable, "-m", "torch.distributed.run", *launch, "--out", str(out), *flags]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.mark.slow
def test_two_processes_train_as_one_on_the_whole_batch(tmp_path, train):
    run = train(1, tmp_path / "one", *PLAIN, "--batch_size", "32")
    one, start = (load_file(run / f"checkpoints/step_0000000{step}/state.safetensors") for step in (6, 1))
    run = train_by_torchrun(2, tmp_path / "two", *PLAIN, "--batch_size", "16")
    two = load_file(run / "encoder.safetensors")
    for name, value in two.items():
        name = f"/method/encoder.{name}"
        torch.testing.assert_close(value, one[name], rtol=1e-4, atol=1e-6)
        assert (value - start[name]).abs().max() > 1e-3  # it did train


@pytest.mark.slow
@pytest.mark.parametrize("updates", ["simultaneous", "alternating"])
def test_learned_views_train_on_two_processes_and_resume(tmp_path, train, updates):
    flags = ("--updates", updates, "--steps", "4", "--checkpoint_every", "2", "--keep_checkpoints", "9")
    run = train(2, tmp_path / "run", *flags)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    first, last = (load_file(run / f"checkpoints/step_0000000{step}/state.safetensors") for step in (2, 4))
    views = [name for name in first if "views." in name and name.startswith("/method")]
    assert views
    assert any((first[name] != last[name]).any() for name in views)
    draws = [first[f"/random/{rank}/views"] for rank in (0, 1)]
    assert (draws[0] != draws[1]).any()


@pytest.mark.slow  # two processes, and the time that one waits for the other
def test_a_process_that_hangs_ends_the_others_in_time(tmp_path, start_ranks):
    running, hanging = start_ranks(2, tmp_path / "run", *PLAIN, "--steps", "1000000", "--process_timeout", "4")
    log = tmp_path / "run" / "metrics.jsonl"
    while not (log.exists() and log.stat().st_size) and running.process.is_alive():
        time.sleep(0.02)
    os.kill(hanging.process.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    code, said = running.finish(30)
    hanging.process.kill()
    assert code == 1 and 3 < time.monotonic() - stopped < 12
    assert said.splitlines()[-1].endswith(
        "another process of this run hasn't answered for 4 s, so process 0 ends, too; end the one that hangs, and go "
        "on by --resume, with a longer --process_timeout if it was only slow"
    )


def test_no_two_ranks_or_purposes_share_a_seed():
    seeds = {seed_for(s, rank, purpose) for s in range(4) for rank in range(8) for purpose in ("views", "torch")}
    assert len(seeds) == 64
