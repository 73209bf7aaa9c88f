"""CPU threads of this process: one number for torch, numpy, scipy and scikit-learn."""

import os

import torch
from threadpoolctl import threadpool_limits


def set_threads(threads: int) -> int:
    """Sets and returns the CPU threads of this process; 0 shares this machine's cores among its processes.

    Launchers set one thread per process by default, which would leave the other cores idle. Libraries that are loaded
    only later take all cores, so what calls them does it within ``bounded_threads``.

    Raises:
        ValueError: A negative number.
    """
    if threads < 0:
        raise ValueError(f"threads is {threads}; it must be 0 (share the cores) or more")
    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    torch.set_num_threads(threads or max(1, len(os.sched_getaffinity(0)) // local))
    bounded_threads()
    return torch.get_num_threads()


def bounded_threads() -> threadpool_limits:
    """Gives every loaded library as many threads as torch has; as a context manager, until it ends."""
    return threadpool_limits(torch.get_num_threads())
