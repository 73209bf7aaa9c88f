"""What a test's own processes do. They are forked from a server that has imported what is slow, see ``conftest.py``."""

import importlib.util
import os
import runpy
import sys
import warnings

import torch
import torch.distributed as dist


def run_script(path: str, flags: tuple[str, ...], environment: dict[str, str], folder: str, output: str) -> None:
    """Runs a script as its command line would in a folder, and sends what it says into a file."""
    os.environ.update(environment)
    os.chdir(folder)
    _say_into(output)
    sys.argv = [path, *flags]
    sys.path.insert(0, os.path.dirname(path))
    runpy.run_path(path, run_name="__main__")


def call(path: str, name: str, rank: int, size: int, folder: str) -> None:
    """Calls a function of a file in a gloo group, and saves its result; a warning is an error."""
    _say_into(f"{folder}/said{rank}.txt")
    warnings.simplefilter("error")
    torch.set_num_threads(int(os.environ["VIEWLEARN_TEST_THREADS"]))
    dist.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=size)
    spec = importlib.util.spec_from_file_location("target", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.save(getattr(module, name)(rank, size), f"{folder}/result{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


def _say_into(path: str) -> None:
    """Sends what this process prints, tracebacks included, into a file."""
    said = os.open(path, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
