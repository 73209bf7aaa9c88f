"""Checkpoints: whole or absent, as a manifest tells; the last few are kept, and damaged ones set aside."""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewlearn.files import fingerprint, read_nested, remove_folder, write_nested, write_text, writing_folder

MANIFEST = "manifest.json"
FORMAT = 1
FILES = {"state.safetensors", "state.json"}
DAMAGED = "damaged_"  # what the names of checkpoints that were set aside start with
NAME = re.compile(r"step_\d{8,}")


class DamagedCheckpoint(ValueError):
    """A checkpoint that isn't what was written under its name."""


def checkpoints_in(folder: Path) -> list[tuple[int, Path]]:
    """Returns the checkpoints in a folder as (step, path), the oldest first; copies and strays aren't among them."""
    found = [path for path in folder.glob("step_*") if NAME.fullmatch(path.name) and path.is_dir()]
    return sorted((int(path.name.removeprefix("step_")), path) for path in found)


def save_checkpoint(
    folder: Path, step: int, state: Any, keep: int = 2, run: str = "", logs: Mapping[str, Any] | None = None
) -> Path:
    """Writes ``folder/step_NNNNNNNN`` and removes all but the newest ``keep`` checkpoints.

    Everything goes to a temporary folder first, the manifest with each file's size and SHA-256 last; then one rename
    makes it a checkpoint. A process killed at any point leaves the older ones as they were. What is removed is older
    than the new checkpoint; an older one of which files are missing or cut isn't counted, but set aside.

    Args:
        folder: Folder of the checkpoints.
        step: Number of steps taken.
        state: Nested dicts and lists of tensors, numbers and strings.
        keep: Number of checkpoints to keep, this one included.
        run: Text that tells this run from others.
        logs: Fingerprints of what was logged up to this step, by file.

    Raises:
        ValueError: ``keep`` is below 1.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; at least one checkpoint must be kept")
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"step_{step:08d}"
    with writing_folder(final) as temporary:
        files = write_nested(temporary / "state", state)
        fingerprints = {path.name: fingerprint(path) for path in files}
        manifest = {"format": FORMAT, "step": step, "run": run, "files": fingerprints, "logs": dict(logs or {})}
        write_text(temporary / MANIFEST, json.dumps(manifest, indent=1))
        if final.exists():  # somebody has put it there since the run was taken up
            set_aside(final)
    _prune(folder, step, keep, run)
    return final


def _prune(folder: Path, newest: int, keep: int, run: str) -> None:
    """Removes all that are older than the newest checkpoint but the last ``keep - 1`` of them."""
    kept = 1
    for step, path in reversed(checkpoints_in(folder)):
        if step >= newest:
            continue
        try:
            read_manifest(path, run)
        except DamagedCheckpoint as error:
            set_aside(path, error)
            continue
        kept += 1
        if kept > keep:
            remove_folder(path)


def read_manifest(path: Path, run: str = "") -> dict[str, Any]:
    """Reads the manifest of a checkpoint, and checks all but the content of its files.

    Args:
        path: Path of the checkpoint.
        run: Text that tells its run from others; empty where that isn't known.

    Raises:
        DamagedCheckpoint: The manifest can't be read, is another checkpoint's, or a file is missing or cut.
        ValueError: The checkpoint has a newer format.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        version, step, files = manifest["format"], manifest["step"], manifest["files"]
        sizes = {name: files[name]["bytes"] for name in FILES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedCheckpoint(f"{path} is no whole checkpoint: its {MANIFEST} can't be read ({error})") from error
    if not isinstance(version, int) or not isinstance(step, int):
        raise DamagedCheckpoint(f"{path} is no whole checkpoint: its {MANIFEST} has no numbers for format and step")
    if version > FORMAT:
        raise ValueError(f"{path} has format {version}; this version of viewlearn reads up to {FORMAT}")
    if path.name != f"step_{step:08d}":
        raise DamagedCheckpoint(f"{path} is another checkpoint than its name says: that after step {step}")
    if run and manifest.get("run", run) != run:
        raise DamagedCheckpoint(f"{path} is another run's")
    for name, size in sizes.items():
        if not (path / name).is_file() or (path / name).stat().st_size != size:
            raise DamagedCheckpoint(f"{path / name} is missing or torn: it doesn't match the checkpoint's manifest")
    return manifest


def check_checkpoint(path: Path, run: str = "") -> None:
    """Checks a checkpoint against its manifest, and the manifest against its name and run.

    Raises:
        DamagedCheckpoint: The checkpoint is torn, was changed, or is another's; the message says which file.
        ValueError: The checkpoint has a newer format.
    """
    files = read_manifest(path, run)["files"]
    for name in FILES:
        if fingerprint(path / name) != files[name]:
            raise DamagedCheckpoint(f"{path / name} was changed: it doesn't match the checkpoint's manifest")


def load_checkpoint(path: Path, run: str = "") -> Any:
    """Reads one checkpoint after checking it, see ``check_checkpoint``.

    Raises:
        DamagedCheckpoint: The checkpoint is torn, was changed, or is another's; the message says which file.
        ValueError: The checkpoint has a newer format.
    """
    check_checkpoint(path, run)
    return read_nested(path / "state")


def load_newest(folder: Path, run: str = "") -> tuple[int, Any] | None:
    """Reads the newest whole checkpoint as (step, state), passing over damaged ones with a warning; None for none."""
    for step, path in reversed(checkpoints_in(folder)):
        try:
            return step, load_checkpoint(path, run)
        except DamagedCheckpoint as error:
            warnings.warn(f"passing over a checkpoint: {error}", stacklevel=2)
    return None


def repair(folder: Path, keep: int = 2, run: str = "") -> int:
    """Leaves the newest whole checkpoint, for a run to go on from, and ``keep - 1`` before it.

    Those that are newer than the newest whole one are set aside.

    Returns:
        The step to go on from; 0 if there are no checkpoints at all.

    Raises:
        ValueError: There are checkpoints, but no whole one; then all stay where they are.
    """
    damaged: list[tuple[Path, DamagedCheckpoint]] = []
    for step, path in reversed(checkpoints_in(folder)):
        try:
            check_checkpoint(path, run)
        except DamagedCheckpoint as error:
            damaged.append((path, error))
            continue
        for each, why in damaged:
            set_aside(each, why)
        _prune(folder, step, keep, run)
        return step
    if damaged:
        raise ValueError(f"no checkpoint is whole: {damaged[0][1]}; move {folder} away to train from the beginning")
    return 0


def last_good(folder: Path) -> str:
    """Says which checkpoint a run can go on from."""
    kept = checkpoints_in(folder)
    return f"the last good checkpoint is {kept[-1][1]}" if kept else "there is no checkpoint yet"


def set_aside(path: Path, why: Exception | None = None) -> None:
    """Renames a checkpoint so that it no longer counts as one, and says so."""
    names = (f"{DAMAGED}{path.name}" + (f"-{i}" if i > 1 else "") for i in range(1, 10_000))
    target = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    path.rename(target)
    warnings.warn(f"{why or f'{path} was in the way'}; it is now {target.name}, and doesn't count", stacklevel=3)
