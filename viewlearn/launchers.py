"""What starts a process as ``accelerate launch`` does, and how a mistake is the last thing that a user reads there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

NAMES = {"accelerate", "torchrun", "deepspeed", "torch.distributed.run", "torch.distributed.launch"}
PATIENCE = 10.0  # seconds in which a launcher ends once what it has started failed
REPEAT = """
import os, select, sys
launcher, seconds, said = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
try:
    select.select([os.pidfd_open(launcher)], [], [], seconds)
except ProcessLookupError:
    pass
os.write(2, said.encode())
"""


def launcher() -> int | None:
    """Returns the number of the process that launched this one, or None where a shell or a script started it."""
    process = os.getppid()
    known = "LOCAL_RANK" in os.environ or _has_known_name(process)  # all launchers of several processes set it
    return process if known else None


def tell_launcher(said: str) -> None:
    """Makes a line the last one that a launcher's user reads: a launcher speaks once more when a process failed.

    ``accelerate launch`` ends with a traceback of its own. So a small process waits for the launcher's end, for ten
    seconds at most, and then prints the line again; of several processes, the first one's does. It takes a system that
    tells the end of a process that isn't a child of the one that asks (Linux); elsewhere the line stands above the
    traceback. For torch's launcher the line is also left where its report of what failed looks for it.

    Args:
        said: The line, without a line break.
    """
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        about = {"py_callstack": said, "timestamp": str(int(time.time()))}  # in the form that its own handler writes
        Path(path).write_text(json.dumps({"message": {"message": said, "extraInfo": about}}), encoding="utf-8")
    process = os.getppid()
    if sys.platform == "linux" and os.environ.get("LOCAL_RANK", "0") == "0" and _has_known_name(process):
        command = [sys.executable, "-I", "-S", "-c", REPEAT, str(process), str(PATIENCE), f"{said}\n"]
        subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # torch's launcher kills its group


def _has_known_name(process: int) -> bool:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # no such file system, or no such process any more
        return False
    return any(Path(word).name in NAMES for word in words[:4])
