"""Any folder of recordings, with labels from folder names, file names, a table, or none."""

import csv
import re
from pathlib import Path
from typing import Literal

from audio.data.catalog import Recording
from audio.data.files import find_audio
from audio.data.recorded import RecordedData
from viewlearn.data import Split


class AudioFolder(RecordedData):
    """Every WAV, FLAC, OGG, MP3 and AIFF below a folder.

        AudioFolder("sounds")                                                        # no labels
        AudioFolder("sounds", labels="folder")                                       # sounds/dog/1.wav: class "dog"
        AudioFolder("sounds", labels="pattern", pattern=r"(?P<digit>\\d)_(?P<speaker>\\w+)_\\d+\\.wav")
        AudioFolder("sounds", labels="table", table="sounds/labels.csv")             # columns: path, task, task, …

    If the folder has a subfolder ``test`` (and ``train``, ``validation``), these are the splits, and not classes.

    Args:
        root: the folder.
        labels: "none"; "folder", the task "class" named after the folder that a file lies in (the path from the root
            or the split's folder); "pattern"; or "table".
        pattern: regular expression that each path (relative, with forward slashes) must contain. Each named group is
            a task and what it matches a class; a group named ``TASK__CLASS`` gives that class where it matches, so
            that ``(?P<kind__kick>kick|bd)|(?P<kind__snare>snare|sn)`` gathers several spellings.
        unmatched: whether a path that the pattern doesn't match stops the run, or is left out.
        table: CSV file with a header: a column ``path`` relative to the root, optionally ``split``, and any other
            column a task. Files that it doesn't list are left out.
        test_pattern: regular expression that marks test files by their relative path.
        kwargs: those of ``RecordedData``.

    Raises:
        ValueError: no such folder or no audio in it, a path that the pattern doesn't match, a table that lacks the
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
        if labels == "table":
            recordings = from_table(folder, Path(table).expanduser())
        else:
            found = [_recording(folder, path, labels, pattern, unmatched) for path in find_audio(folder)]
            recordings = [recording for recording in found if recording is not None]
            if not recordings:
                raise ValueError(f"the pattern {pattern!r} matches none of {len(found)} files below {folder}")
        if test_pattern is not None:
            recordings = _mark_test(recordings, folder, test_pattern)
        super().__init__(recordings, **kwargs)


def _recording(root: Path, path: Path, labels: str, pattern: str | None, unmatched: str) -> Recording | None:
    relative = path.relative_to(root)
    split = relative.parts[0] if relative.parts[0] in ("train", "validation", "test") else None
    inside = relative.relative_to(split) if split else relative
    if labels == "none":
        return Recording(path, {}, split)
    if labels == "folder":
        if inside.parent == Path("."):
            raise ValueError(f"{path} lies in no class's folder; labels='folder' needs one")
        return Recording(path, {"class": inside.parent.as_posix()}, split)
    match = re.search(pattern, relative.as_posix())
    if match is None and unmatched == "leave_out":
        return None
    if match is None or not match.groupdict():
        reason = "has no named group (?P<task>…)" if match else f"doesn't match {relative.as_posix()}"
        raise ValueError(f"the pattern {pattern!r} {reason}")
    return Recording(path, _classes(match), split)


def _classes(match: re.Match) -> dict[str, str]:
    """Class per task from the named groups that took part in a match."""
    classes = {}
    for name, value in match.groupdict().items():
        if value is not None:
            task, _, fixed = name.partition("__")
            classes[task] = fixed or value
    return classes


def from_table(root: Path, table: Path) -> list[Recording]:
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
        if split not in (None, "train", "validation", "test"):
            raise ValueError(f"{table}: split {split!r} of {path}; allowed are train, validation and test")
        recordings.append(Recording(path, row, split))
    return recordings


def _mark_test(recordings: list[Recording], root: Path, pattern: str) -> list[Recording]:
    splits: list[Split | None] = [
        "test" if re.search(pattern, r.path.relative_to(root).as_posix()) else None for r in recordings
    ]
    if "test" not in splits:
        raise ValueError(f"test_pattern {pattern!r} matches none of {len(recordings)} files below {root}")
    return [Recording(r.path, r.labels, split) for r, split in zip(recordings, splits, strict=True)]
