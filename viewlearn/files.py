"""Writing files that a crash can't tear, and nested state without pickle.

Everything that this project writes and may read again goes through ``writing`` or ``writing_folder``. Whenever the
process or the machine stops, a path holds its former content or the new one, whole; once the call returns, the new
content is on the disk.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

TEMPORARY = ".tmp-"  # what temporary names start with
TENSOR = "tensor:"  # marks, in the JSON part, where a tensor of the safetensors part belongs


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder; the file written there replaces ``path`` when the block ends.

    For things that write themselves, such as figures and tables. Missing parent folders are made. The temporary name
    has the suffix of ``path``. After an error, ``path`` is what it was and the temporary file is gone.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing_folder(path: Path) -> Iterator[Path]:
    """Yields a new temporary folder, which is renamed to ``path`` when the block ends.

    If ``path`` exists by then and isn't empty, it stays and the new folder is dropped: another process was first. A
    process killed on the way leaves a folder ``.tmp-…`` beside ``path``.
    """
    temporary = _temporary(path)
    temporary.mkdir()
    try:
        yield temporary
        for part in (*temporary.rglob("*"), temporary):
            sync(part)
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{path.name}")


def sync(path: Path) -> None:
    """Forces a file, or the entries of a folder, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Writes named tensors as a safetensors file."""
    with writing(path) as temporary:
        save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, temporary, metadata)


def write_weights(path: Path, module: nn.Module, metadata: dict[str, str] | None = None) -> None:
    """Writes a module's weights and buffers as a safetensors file."""
    write_tensors(path, module.state_dict(), metadata)


def write_nested(stem: Path, state: Any) -> list[Path]:
    """Writes nested dicts and lists of tensors, numbers and strings as ``stem.safetensors`` and ``stem.json``.

    Two files can't be written as one; where they must match, write them within ``writing_folder``.

    Returns:
        The paths of both files.

    Raises:
        TypeError: ``state`` holds something else.
    """
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
        raise TypeError(f"{name} is a {type(value).__name__}, which can't be saved without pickle")

    text = json.dumps(strip(state, ""))
    paths = [stem.with_suffix(".safetensors"), stem.with_suffix(".json")]
    write_tensors(paths[0], tensors)
    write_text(paths[1], text)
    return paths


def read_nested(stem: Path) -> Any:
    """Reads what ``write_nested`` wrote; tensors come to the CPU, tuples as lists."""
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
