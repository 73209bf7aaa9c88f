"""Writing that a crash can't tear, and nested state without pickle."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

TENSOR = "tensor:"  # marks, in the JSON part, where a tensor of the safetensors part belongs


def write_atomic(path: Path, text: str) -> None:
    """Writes a text file whole or not at all: temporary name, fsync, rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Forces a file or a folder's entries onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def save_nested(state: Any, stem: Path) -> list[Path]:
    """Saves nested dicts and lists of tensors, numbers and strings as ``stem.safetensors`` and ``stem.json``."""
    tensors: dict[str, Tensor] = {}

    def strip(value: Any, name: str) -> Any:
        if isinstance(value, Tensor):
            tensors[name] = value.detach().to("cpu", copy=True).contiguous()
            return TENSOR + name
        if isinstance(value, dict):
            # Optimizers number their parameters; JSON turns such keys into strings, so lists of pairs keep them.
            return {"items": [[key, strip(item, f"{name}/{key}")] for key, item in value.items()]}
        if isinstance(value, list | tuple):
            return [strip(item, f"{name}/{i}") for i, item in enumerate(value)]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise TypeError(f"{name} is a {type(value).__name__}, which a checkpoint can't hold")

    text = json.dumps(strip(state, ""))
    paths = [stem.with_suffix(".safetensors"), stem.with_suffix(".json")]
    save_file(tensors, paths[0])
    paths[1].write_text(text, encoding="utf-8")
    return paths


def load_nested(stem: Path) -> Any:
    """Reads what ``save_nested`` wrote; tensors come to the CPU, tuples as lists."""
    tensors = load_file(stem.with_suffix(".safetensors"))

    def fill(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(TENSOR):
            return tensors[value.removeprefix(TENSOR)]
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value["items"]}
        if isinstance(value, list):
            return [fill(item) for item in value]
        return value

    return fill(json.loads(stem.with_suffix(".json").read_text(encoding="utf-8")))


def save_weights(module: torch.nn.Module, path: Path) -> None:
    """A module's weights and buffers as one safetensors file, atomically."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    save_file({name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}, temporary)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)
