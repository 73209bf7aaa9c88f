"""Processes that end when the one that started them is gone, even if that was killed and could say nothing."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable

from viewlearn.launchers import launcher

INTERVAL = 1.0  # seconds between two looks at whether the launcher lives
GRACE = 60.0  # seconds for the last step and its checkpoint
GONE = "\nerror: what launched this process is gone, so it ends; go on by --resume with the run's folder\n"


def end_with_launcher(ending: Callable[[], bool] = lambda: False) -> None:
    """Lets this process end within seconds after its launcher, if it has one such as ``accelerate launch``.

    A launcher that is killed by SIGKILL can't stop what it has started: that would go on, and write into a folder that
    its user takes for free. A process that a shell or a script has started outlives it, as usual.

    Args:
        ending: Whether this process ends by itself, as schedulers send their signals to both; it then has a minute.
    """
    process = launcher()
    if process is not None:
        threading.Thread(target=_watch, args=(process, ending), name="launcher watch", daemon=True).start()


def end_worker_with_parent(worker: int = 0) -> None:
    """Lets a process that ``multiprocessing`` has started, such as a data loader's worker, end with its parent.

    Args:
        worker: Number of the worker, which torch gives to each ``worker_init_fn``.
    """
    if hasattr(signal, "SIGUSR1"):  # which schedulers send to all processes, and which would end this one
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def wait() -> None:
            parent.join()
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=wait, name="parent watch", daemon=True).start()


def _watch(process: int, ending: Callable[[], bool]) -> None:
    while os.getppid() == process:
        time.sleep(INTERVAL)
    if ending():
        time.sleep(GRACE)
    os.write(2, GONE.encode())
    os.kill(os.getpid(), signal.SIGKILL)  # whatever the main thread waits for
