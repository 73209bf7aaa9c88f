"""What a run logs: files that grow by a line of JSON at a time."""

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from viewlearn.files import fingerprint, sync, write_text


def append_jsonl(path: Path, line: dict[str, Any], durable: bool = False) -> None:
    """Adds one line to a file; ``durable`` waits for the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    if durable:
        sync(path)


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the whole lines of a file; none if it doesn't exist.

    Raises:
        ValueError: A line isn't JSON.
    """
    if path.exists():
        try:
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    yield json.loads(line)
        except ValueError as error:  # of decoding, too
            raise ValueError(f"{path} is damaged: {error}") from error


def rewind_jsonl(path: Path, step: int) -> None:
    """Drops the lines from after a step, and a line that a crash tore.

    Raises:
        ValueError: A line isn't JSON, unless all lines are dropped.
    """
    lines = [json.dumps(line) for line in read_jsonl(path) if line["step"] <= step] if step else []
    write_text(path, "".join(line + "\n" for line in lines))


def check_logs(folder: Path, step: int, vouched: Mapping[str, Mapping[str, Any]]) -> None:
    """Checks what was logged up to a step against what the checkpoint after it knows.

    Args:
        folder: Folder of the files; one that is missing is warned of.
        step: Number of the step.
        vouched: Size and SHA-256 at that step, by the file's name, see ``fingerprint``.

    Raises:
        ValueError: A file doesn't begin with what it held.
    """
    for name, expected in vouched.items():
        path = folder / name
        if not path.is_file():
            warnings.warn(f"{path} is missing; what it held up to step {step} is lost", stacklevel=3)
        elif fingerprint(path, expected["bytes"]) != expected:
            raise ValueError(
                f"{path} is damaged or was changed: it doesn't begin with what it held after step {step}; "
                "put the original back, or delete it to go on without"
            )
