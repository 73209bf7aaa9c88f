"""How a command speaks and ends: a mistake is one line, a slip in a user's own code has its traceback."""

import logging
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewlearn.launchers import tell_launcher

DEBUG = "--debug"
DEBUG_HELP = "show the traceback of every mistake, not only of those in your own files"
STOPPED = 130  # the exit code of a process that Ctrl-C has ended, by a shell's convention
LATER = 75  # the exit code of what is to be tried again later, by the convention of sysexits.h
OURS = ("viewlearn", "vision", "audio", "theory", "experiments")


class Stopped(KeyboardInterrupt):
    """A command that was stopped; the message says how to go on.

    Args:
        said: The message; empty where another process says it.
        code: The exit code.
    """

    def __init__(self, said: str, code: int = STOPPED):
        super().__init__(said)
        self.code = code


@contextmanager
def plain_endings(*mistakes: type[Exception]) -> Iterator[None]:
    """Within, a mistake ends the process with one line, which is the last one, and so does Ctrl-C.

    Warnings are one line, too, and what takes long is announced. An error that passed through a file that is neither
    ours nor an installed package's, such as a user's own view, is shown with its traceback above that line; with
    ``--debug`` every one is.

    Args:
        mistakes: Exceptions whose message says what is wrong and what is allowed; others crash.
    """
    before, warnings.formatwarning = warnings.formatwarning, _plain_warning
    announced, announcing = logging.getLogger("viewlearn"), logging.StreamHandler()
    announced.addHandler(announcing)
    announced.setLevel(logging.INFO)
    try:
        yield
    except KeyboardInterrupt as stop:
        said = str(stop) or "stopped"
        print(f"\n{said}", file=sys.stderr)
        tell_launcher(said)
        raise SystemExit(stop.code if isinstance(stop, Stopped) else STOPPED) from None
    except mistakes as error:
        if DEBUG in sys.argv or in_own_file(error):
            traceback.print_exception(error)
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        said = f"error: {error}{notes}"
        tell_launcher(said)
        raise SystemExit(said) from None
    finally:
        warnings.formatwarning = before
        announced.removeHandler(announcing)


def in_own_file(error: BaseException | None) -> bool:
    """Returns whether an error, or one that it came from, passed through a user's own file."""
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        if any(_is_own(frame.filename) for frame in frames):
            return True
        error = error.__cause__ or error.__context__
    return False


def _plain_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """What a warning says; of those that aren't meant for users also where it comes from."""
    where = "" if issubclass(category, UserWarning) else f"{filename}:{lineno}: {category.__name__}: "
    return f"warning: {where}{message}\n"


def _is_own(file: str) -> bool:
    """Whether a file is neither ours nor an installed package's."""
    if file.startswith("<"):
        return False
    clone = Path(__file__).parents[1]
    known = [clone / name for name in OURS]
    known += [Path(path) for name, path in sysconfig.get_paths().items() if name.endswith("lib")]
    path = Path(file).resolve()
    return not any(path.is_relative_to(folder.resolve()) for folder in known)
