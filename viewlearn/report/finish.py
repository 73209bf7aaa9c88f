"""The page that a run leaves behind."""

import sys

from viewlearn.report.reader import FAILURES
from viewlearn.report.write import write_report
from viewlearn.runs.build import Parts
from viewlearn.runs.folder import RunFolder


def report_run(folder: RunFolder, parts: Parts) -> bool:
    """Writes ``report.html`` in seconds; if that fails, one line says why, and the run and its results stand.

    What the views destroy is left to ``experiments/report.py``, since it takes a judge for every task, trained on the
    data first; the page says so.

    Args:
        folder: of a run that has its results.
        parts: of the run, so that its data needn't be read again.

    Returns:
        whether it was written.
    """
    try:
        write_report([folder.path], folder.report, parts={str(folder.path): parts})
    except FAILURES as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"the report couldn't be written, the run is complete without it: {reason}", file=sys.stderr)
        return False
    return True
