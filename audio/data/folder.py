"""Any folder of recordings, with labels from folder names, file names, a table, or none."""

import csv
import re
from pathlib import Path
from typing import Literal

from audio.data.catalog import Recording
from audio.data.files import find_audio
from audio.data.recorded import RecordedData
from viewlearn.data import Split

SPLITS: dict[str, Split] = {"train": "train", "validation": "validation", "test": "test"}


class AudioFolder(RecordedData):
    """Every WAV, FLAC, OGG, MP3 and AIFF below a folder::

        AudioFolder("sounds")                                                        # no labels
        AudioFolder("sounds", labels="folder")                                       # sounds/dog/1.wav: class "dog"
        AudioFolder("sounds", labels="pattern", pattern=r"(?P<digit>\\d)_(?P<speaker>\\w+)_\\d+\\.wav")
        AudioFolder("sounds", labels="table", table="sounds/labels.csv")             # columns: path, task, task, …

    If the folder has a subfolder ``test`` (and ``train``, ``validation``), these are the splits, and not classes.

    Args:
        root: Folder of the recordings.
        labels: Where labels come from: "none"; "folder", the task "class" named after the folder that a file lies in
            (the path from the root or the split's folder); "pattern"; or "table".
        pattern: Regular expression that each path (relative, with forward slashes) must contain. Each named group is
            a task and what it matches a class; a group named ``TASK__CLASS`` gives that class where it matches, so
            that ``(?P<kind__kick>kick|bd)|(?P<kind__snare>snare|sn)`` gathers several spellings.
        unmatched: Whether a path that the pattern doesn't match stops the run, or is left out.
        table: CSV file with a header: a column ``path`` relative to the root, optionally ``split``, and any other
            column a task. Files that it doesn't list are left out.
        test_pattern: Regular expression that marks test files by their relative path.
        kwargs: Arguments of ``RecordedData``.

    Raises:
        ValueError: No such folder or no audio in it, a path that the pattern doesn't match, a table that lacks the
            column ``path`` or lists a file that isn't there, and what ``RecordedData`` raises.
    """

    def __init__(
        self,
        root: str,
        labels: Literal["none", "folder", "pattern", "table"] = "none",
        pattern: str | None = None,
        unmatched: Literal["stop", "leave_out"] = "stop",
        table: str | None = None,
        test_pattern: str | None = None,
        **kwargs,
    ):
        folder = Path(root).expanduser()
        if (labels == "pattern") != (pattern is not None) or (labels == "table") != (table is not None):
            raise ValueError(
                f"labels is {labels!r} with pattern {pattern!r} and table {table!r}: give the one it needs"
            )
        if table is not None:
            recordings = _from_table(folder, Path(table).expanduser())
        elif pattern is not None:
            recordings = _from_pattern(folder, pattern, unmatched)
        else:
            recordings = _from_folders(folder, labels == "folder")
        if test_pattern is not None:
            recordings = _mark_test(recordings, folder, test_pattern)
        super().__init__(recordings, **kwargs)


def _from_folders(root: Path, labeled: bool) -> list[Recording]:
    """All recordings, with the task "class" named after their folders if ``labeled``."""
    recordings = []
    for path in find_audio(root):
        split, inside = _split_of(path.relative_to(root))
        if labeled and inside.parent == Path("."):
            raise ValueError(f"{path} lies in no class's folder; labels='folder' needs one")
        recordings.append(Recording(path, {"class": inside.parent.as_posix()} if labeled else {}, split))
    return recordings


def _from_pattern(root: Path, pattern: str, unmatched: Literal["stop", "leave_out"]) -> list[Recording]:
    """The recordings whose relative paths contain a pattern, whose named groups are the tasks."""
    recordings, paths = [], find_audio(root)
    for path in paths:
        relative = path.relative_to(root)
        match = re.search(pattern, relative.as_posix())
        if match is None and unmatched == "leave_out":
            continue
        if match is None or not match.groupdict():
            reason = "has no named group (?P<task>…)" if match else f"doesn't match {relative.as_posix()}"
            raise ValueError(f"the pattern {pattern!r} {reason}")
        recordings.append(Recording(path, _classes(match), _split_of(relative)[0]))
    if not recordings:
        raise ValueError(f"the pattern {pattern!r} matches none of {len(paths)} files below {root}")
    return recordings


def _split_of(relative: Path) -> tuple[Split | None, Path]:
    """The split whose folder a relative path begins with, if any, and the rest of the path."""
    split = SPLITS.get(relative.parts[0])
    return split, relative if split is None else relative.relative_to(split)


def _classes(match: re.Match) -> dict[str, str]:
    """Class per task from the named groups that took part in a match."""
    classes = {}
    for name, value in match.groupdict().items():
        if value is not None:
            task, _, fixed = name.partition("__")
            classes[task] = fixed or value
    return classes


def _from_table(root: Path, table: Path) -> list[Recording]:
    """The recordings that a CSV file lists: columns ``path``, optionally ``split``, and tasks."""
    if not table.is_file():
        raise ValueError(f"no table {table}")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "path" not in rows[0]:
        raise ValueError(f"{table} needs a header with a column 'path' and at least one row")
    recordings = []
    for row in rows:
        path, split = root / row.pop("path"), row.pop("split", None) or None
        if not path.is_file():
            raise ValueError(f"{table} lists {path}, which isn't there")
        if split is not None and split not in SPLITS:
            raise ValueError(f"{table}: split {split!r} of {path}; allowed are {', '.join(SPLITS)}")
        recordings.append(Recording(path, row, None if split is None else SPLITS[split]))
    return recordings


def _mark_test(recordings: list[Recording], root: Path, pattern: str) -> list[Recording]:
    splits: list[Split | None] = [
        "test" if re.search(pattern, r.path.relative_to(root).as_posix()) else None for r in recordings
    ]
    if "test" not in splits:
        raise ValueError(f"test_pattern {pattern!r} matches none of {len(recordings)} files below {root}")
    return [Recording(r.path, r.labels, split) for r, split in zip(recordings, splits, strict=True)]
