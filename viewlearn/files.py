"""Writing files that a crash can't tear, knowing later whether they are whole, and nested state without pickle.

Everything that this project writes and may read again goes through ``writing`` or ``writing_folder``. Whenever the
process or the machine stops, a path holds its former content or the new one, whole; once the call returns, the new
content is on the disk.
"""

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

TEMPORARY = ".tmp-"  # what temporary names start with; the machine and the process that writes follow
UNFINISHED = re.compile(r"\.tmp-(?P<machine>[0-9a-f]{6})-(?P<process>[0-9]+)-[0-9a-f]{8}-.+")
ABANDONED = 24 * 3600  # seconds after which a temporary file of another machine counts as left behind
TENSOR = "tensor:"  # marks, in the JSON part, where a tensor of the safetensors part belongs
ABOUT = "about"  # key of the only metadata of weights: of several, safetensors would write the order at random


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder; the file written there replaces ``path`` when the block ends.

    For things that write themselves, such as figures and tables. Missing parent folders are made. The temporary name
    has the suffix of ``path``. After an error, ``path`` is what it was and the temporary file is gone. The file has
    the permissions that the process gives to new files, whatever the library that writes it would give.
    """
    temporary = _temporary(path)
    try:
        temporary.touch()
        permissions = temporary.stat().st_mode
        yield temporary
        temporary.chmod(permissions)
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def writing_folder(path: Path, must_be_first: bool = False) -> Iterator[Path]:
    """Yields a new temporary folder, which is renamed to ``path`` when the block ends.

    If ``path`` exists by then and isn't empty, it stays and the new folder is dropped: another process was first. A
    process killed on the way leaves a folder ``.tmp-…`` beside ``path``, see ``clear_leftovers``.

    Args:
        path: Path of the folder.
        must_be_first: Whether it is an error that another process was first.

    Raises:
        OSError: The folder can't be made, or ``must_be_first`` and another process was.
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
            if must_be_first or not path.is_dir():
                raise
        sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Removes a folder at once: whenever the process stops, it is there whole or it isn't there."""
    temporary = _temporary(path)
    path.rename(temporary)
    sync(path.parent)
    shutil.rmtree(temporary)


def clear_leftovers(folder: Path, deep: bool = True) -> None:
    """Removes what processes that are dead have left unfinished in a folder.

    A process of this machine is dead if its number says so. Another machine's may live; what it writes is left alone
    for a day. This process itself must be writing nothing there: numbers repeat, in containers at every start.

    Args:
        folder: Folder to look in.
        deep: Whether to look in its subfolders, too.
    """
    for path in list(folder.rglob(f"{TEMPORARY}*") if deep else folder.glob(f"{TEMPORARY}*")):
        name = UNFINISHED.fullmatch(path.name)
        if name is None or _is_being_written(path, name["machine"], int(name["process"])):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)  # one within another may be gone already
        else:
            path.unlink(missing_ok=True)


def _is_being_written(path: Path, machine: str, process: int) -> bool:
    if machine != _machine():
        with suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime < ABANDONED
        return False
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _temporary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{TEMPORARY}{_machine()}-{os.getpid()}-{secrets.token_hex(4)}-{path.name}")


def _machine() -> str:
    """A few digits that tell machines apart which share a disk."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def fingerprint(path: Path, num_bytes: int | None = None) -> dict[str, Any]:
    """Returns the size and the SHA-256 of a file, or of its first ``num_bytes``, as plain values."""
    digest, left = hashlib.sha256(), num_bytes
    with path.open("rb") as file:
        while block := file.read(2**20 if left is None else min(left, 2**20)):
            digest.update(block)
            left = None if left is None else left - len(block)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}


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
        try:
            save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, temporary, metadata)
        except SafetensorError as error:  # as which a full disk appears here
            raise OSError(f"{path} can't be written: {error}") from error


def write_weights(path: Path, module: nn.Module, about: Mapping[str, Any] | None = None) -> None:
    """Writes a module's weights and buffers as a safetensors file that ``read_weights`` can check.

    Args:
        path: Path of the file.
        module: Module whose state is written.
        about: What else a reader has to know, as plain JSON values.
    """
    weights = module.state_dict()
    write_tensors(path, weights, {ABOUT: json.dumps({**(about or {}), "sha256": _digest(weights)})})


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads what ``write_weights`` wrote.

    Returns:
        The weights, on the CPU, and what was written about them.

    Raises:
        ValueError: The file is missing or damaged, or isn't what was written.
    """
    try:
        with safe_open(path, "pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
            about = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} can't be read: {error}") from error
    if about.pop("sha256", None) not in (None, _digest(weights)):
        raise ValueError(f"{path} is damaged: its content isn't what was written")
    return weights, about


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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
