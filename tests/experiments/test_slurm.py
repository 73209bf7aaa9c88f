"""The batch script, with stand-ins for what a cluster has."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments/slurm.sh"
COMMANDS = {
    "scontrol": 'if [ "$1" = show ]; then echo first; echo second; else echo "$@" >> asked; fi',
    "srun": 'SLURM_PROCID=5 SLURM_LOCALID=1 SLURM_NTASKS=8 SLURM_NTASKS_PER_NODE=4 exec "$@"',
    "python": 'echo "$RANK $LOCAL_RANK $WORLD_SIZE $LOCAL_WORLD_SIZE $MASTER_ADDR $*" >> began; exit "$ENDS"',
}


@pytest.mark.parametrize(("ends", "asked"), [(0, ""), (1, ""), (75, "requeue 7\n")])
def test_it_begins_goes_on_and_is_queued_again(tmp_path, ends, asked):
    for name, text in COMMANDS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]"}
    command = ["bash", str(SCRIPT), "my run", "--views", "two words"]
    ended = subprocess.run(command, cwd=tmp_path, env={**environment, "ENDS": str(ends)})
    assert ended.returncode == ends
    (tmp_path / "my run").mkdir()
    (tmp_path / "my run/config.yaml").touch()
    subprocess.run(command, cwd=tmp_path, env={**environment, "ENDS": "0"})
    first, second = (tmp_path / "began").read_text().splitlines()
    assert first == "5 1 8 4 first -m viewlearn.train --out my run --views two words"
    assert second == "5 1 8 4 first -m viewlearn.train --resume my run"
    assert ((tmp_path / "asked").read_text() if asked else "") == asked
