"""Checkpoints: whole or absent, as a manifest tells; the last few are kept."""

import hashlib
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

from viewlearn.files import TEMPORARY, read_nested, write_nested, write_text, writing_folder

MANIFEST = "manifest.json"
FORMAT = 1


def save_checkpoint(folder: Path, step: int, state: Any, keep: int = 2) -> Path:
    """Writes ``folder/step_NNNNNNNN`` and removes all but the newest ``keep`` checkpoints.

    Everything goes to a temporary folder first, the manifest with each file's size and SHA-256 last; then one rename
    makes it a checkpoint. A process killed at any point leaves the older ones as they were.

    Raises:
        ValueError: ``keep`` is below 1.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; at least one checkpoint must be kept")
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{TEMPORARY}*"):
        shutil.rmtree(leftover)
    final = folder / f"step_{step:08d}"
    with writing_folder(final) as temporary:
        files = write_nested(temporary / "state", state)
        manifest = {"format": FORMAT, "step": step, "files": {path.name: _fingerprint(path) for path in files}}
        write_text(temporary / MANIFEST, json.dumps(manifest, indent=1))
        if final.exists():  # a run resumed from an older checkpoint comes by this step once more
            shutil.rmtree(final)
    for old in sorted(folder.glob("step_*"))[:-keep]:
        shutil.rmtree(old)
    return final


def load_checkpoint(path: Path) -> Any:
    """Reads one checkpoint after checking it against its manifest.

    Raises:
        ValueError: The checkpoint is torn, was changed, or has a newer format; the message says which file.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no whole checkpoint: its {MANIFEST} can't be read ({error})") from error
    if manifest["format"] > FORMAT:
        raise ValueError(f"{path} has format {manifest['format']}; this version of viewlearn reads up to {FORMAT}")
    for name, fingerprint in manifest["files"].items():
        if not (path / name).exists() or _fingerprint(path / name) != fingerprint:
            raise ValueError(f"{path / name} is torn or was changed: it doesn't match the checkpoint's manifest")
    return read_nested(path / "state")


def load_newest(folder: Path) -> tuple[int, Any] | None:
    """Reads the newest whole checkpoint as (step, state), passing over torn ones with a warning; None for none."""
    for path in sorted(folder.glob("step_*"), reverse=True):
        try:
            return int(path.name.removeprefix("step_")), load_checkpoint(path)
        except ValueError as error:
            warnings.warn(f"passing over a checkpoint: {error}", stacklevel=2)
    return None


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
