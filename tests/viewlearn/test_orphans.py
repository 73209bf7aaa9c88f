"""No process of a run outlives what launched it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# The first is named like a launcher and starts the second, a rank with two workers that are busy; each writes down its
# number. Nothing of torch is imported, which would take seconds.
RANK = """
import multiprocessing, os, sys, time
from viewlearn.orphans import end_with_launcher, end_worker_with_parent

def work(number):
    end_worker_with_parent(number)
    open(f"worker{number}-{os.getpid()}", "w").close()
    while True:
        time.sleep(0.01)

if __name__ == "__main__":
    end_with_launcher()
    context = multiprocessing.get_context(sys.argv[1])
    for number in range(2):
        context.Process(target=work, args=(number,), daemon=True).start()
    open(f"rank-{os.getpid()}", "w").close()
    time.sleep(100)
"""
LAUNCHER = "import subprocess, sys; subprocess.run([sys.executable, 'rank.py', sys.argv[1]])"


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def waited(condition, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def start(folder: Path, name: str, method: str) -> tuple[subprocess.Popen, list[int]]:
    (folder / "rank.py").write_text(RANK)
    (folder / name).write_text(LAUNCHER)
    environment = {key: value for key, value in os.environ.items() if key != "LOCAL_RANK"}
    launcher = subprocess.Popen(
        [sys.executable, str(folder / name), method], cwd=folder, env=environment, stderr=subprocess.PIPE
    )
    assert waited(lambda: len(list(folder.glob("*-*"))) == 3, 60)
    return launcher, [int(path.name.rpartition("-")[2]) for path in folder.glob("*-*")]


def test_nothing_lives_ten_seconds_longer_than_a_killed_launcher(tmp_path):
    launcher, processes = start(tmp_path, "accelerate", "fork")
    assert all(map(lives, processes))
    launcher.kill()
    assert waited(lambda: not any(map(lives, processes)), 10)
    assert b"what launched this process is gone" in launcher.communicate()[1]


def test_workers_end_with_a_killed_rank(tmp_path):
    launcher, processes = start(tmp_path, "accelerate", "forkserver")
    (rank,) = (int(path.name.rpartition("-")[2]) for path in tmp_path.glob("rank-*"))
    os.kill(rank, signal.SIGKILL)
    assert waited(lambda: not any(map(lives, processes)), 10)
    launcher.communicate()


def test_what_a_script_has_started_outlives_it(tmp_path):
    launcher, processes = start(tmp_path, "script", "fork")
    launcher.kill()
    time.sleep(2.5)
    assert all(map(lives, processes))
    for process in processes:
        os.kill(process, signal.SIGKILL)
    launcher.communicate()
