"""What a run says is wrong is the last line, whatever its launcher has to say."""

import subprocess
import sys

import pytest

# Like the launcher of one process: it waits, and ends with a traceback of its own where what it started has failed.
LAUNCHER = """
import subprocess, sys, time
failed = subprocess.run([sys.executable, "-c", sys.argv[1]]).returncode
time.sleep(0.3)
raise SystemExit(f"{failed} Traceback of the launcher") if failed else 0
"""
RUN = """
from viewlearn.endings import plain_endings
with plain_endings(ValueError):
    raise {error}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="takes a descriptor of a process")
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("ValueError('steps is 0')", 1, "error: steps is 0"),
        ("KeyboardInterrupt('go on by: X')", 130, "go on by: X"),
    ],
)
def test_it_stands_below_the_launchers_report(error, code, said, tmp_path, monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    launcher = tmp_path / "accelerate"
    launcher.write_text(LAUNCHER)
    command = [sys.executable, str(launcher), RUN.format(error=error)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = ended.stderr.strip().splitlines()
    assert ended.returncode == 1 and lines == [said, f"{code} Traceback of the launcher", said]


def test_a_script_says_it_once(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(LAUNCHER)
    command = [sys.executable, str(script), RUN.format(error="ValueError('steps is 0')")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stderr
    assert said.count("steps is 0") == 1
