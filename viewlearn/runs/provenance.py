"""Where a number comes from: command, commit, versions, machine."""

import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from accelerate import Accelerator


def provenance(accelerator: Accelerator) -> dict[str, object]:
    """Returns the facts that stand beside every result of a run."""
    return {
        **origin(accelerator.device),
        "processes": accelerator.num_processes,
        "precision": accelerator.mixed_precision,
    }


def origin(device: torch.device) -> dict[str, object]:
    """Returns the facts that stand beside every number: command, commit, versions, and the machine of ``device``."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return {
        "command": f"{program()} {shlex.join(sys.argv[1:])}".strip(),
        "commit": commit(),
        "viewlearn": version("viewlearn"),
        "torch": torch.__version__,
        "device": gpu or f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)",
    }


def program() -> str:
    """Returns how this process was started, ``python -m MODULE`` or a script's path, for usage lines and results."""
    module = sys.modules["__main__"].__spec__
    return shlex.quote(sys.argv[0]) if module is None else f"python -m {module.name.removesuffix('.__main__')}"


def commit() -> str | None:
    """Returns the commit of the running source tree, with ``+`` if files in it are changed; None outside of git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
