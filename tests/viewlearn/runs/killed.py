"""What a run's folder is at every moment at which its process may be killed, found without killing any.

Before each operation on files, the interpreter tells an audit hook; the folder is then what a kill at this moment
would leave.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.link", "os.symlink"}


class Moments:
    """Copies of a folder before every operation that changes something in it.

    Args:
        watched: Folder of which copies are made; it is the one that holds the run's, since a run begins beside it.
        copies: Folder for them.
    """

    def __init__(self, watched: Path, copies: Path):
        self.watched, self.copies = watched, copies
        self.num_operations = 0
        self.states: dict[str, Path] = {}

    def keep(self) -> None:
        """Copies the folder, unless a copy has the same files; of unfinished files, only the names need differ."""
        digest = hashlib.sha256()
        for path in sorted(self.watched.rglob("*")):
            name = str(path.relative_to(self.watched))
            if ".tmp-" in name:
                digest.update(name.split(".tmp-")[0].encode())  # their names are drawn at random
                break
        for path in sorted(self.watched.rglob("*")):
            name = str(path.relative_to(self.watched))
            if ".tmp-" not in name:
                digest.update(f"{name}\0".encode() + (path.read_bytes() if path.is_file() else b"/"))
        key = digest.hexdigest()
        if key not in self.states:
            self.states[key] = self.copies / f"{len(self.states):03d}"
            shutil.copytree(self.watched, self.states[key])


_moments: Moments | None = None


def _hook(event: str, arguments: tuple) -> None:
    global _moments
    moments = _moments
    if moments is None:
        return
    if event == "open":
        path, mode, flags = arguments
        changes = any(letter in mode for letter in "wax+") if mode else bool(flags & 0o103)  # write, create
    else:
        path, changes = (arguments or [None])[0], event in CHANGES
    if changes and isinstance(path, str | Path) and str(path).startswith(str(moments.watched)):
        _moments = None  # copying is no operation of the run
        moments.num_operations += 1
        moments.keep()
        _moments = moments


sys.addaudithook(_hook)  # which can't be taken away again; it does nothing outside of ``every_moment``


@contextmanager
def every_moment(watched: Path, copies: Path) -> Iterator[Moments]:
    """Within, copies a folder before every operation on it, and once more at the end."""
    global _moments
    _moments = moments = Moments(watched, copies)
    try:
        yield moments
    finally:
        _moments = None
    moments.keep()
