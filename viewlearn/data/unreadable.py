"""Files that can't be read: one rule for all data."""

import warnings
from collections.abc import Mapping
from typing import Literal

Unreadable = Literal["stop", "skip"]


def report_unreadable(
    reasons: Mapping[str, str], num_files: int, unreadable: Unreadable, noun: str = "files", stacklevel: int = 2
) -> None:
    """Stops, or warns that files are left out, as the user has chosen.

    Args:
        reasons: Why a file can't be read, with its path, by path; nothing happens where there are none.
        num_files: Number of all files.
        unreadable: Whether such files stop the run, or are skipped with a warning.
        noun: Plural of what they are called.
        stacklevel: Number of the calling frame that the warning names, as in ``warnings.warn``.

    Raises:
        ValueError: There are such files, and they aren't to be skipped or no others are left.
    """
    if not reasons:
        return
    message = f"{len(reasons)} of {num_files} {noun} can't be read; the first: {next(iter(reasons.values()))}"
    if unreadable == "stop":
        raise ValueError(f"{message}; repair or remove them, or allow --data.unreadable skip")
    if len(reasons) == num_files:
        raise ValueError(message)
    warnings.warn(f"{message}; they are left out", stacklevel=stacklevel + 1)
