"""The page that a run leaves behind."""

import sys

import torch

from viewlearn.training.build import Parts
from viewlearn.training.run_folder import RunFolder


def report_run(folder: RunFolder, parts: Parts, device: torch.device) -> bool:
    """Writes ``report.html``; if that fails, one line says why, and the run and its results stand.

    Args:
        folder: of a run that has its results.
        parts: of the run, so that its data needn't be read again.
        device: of the analysis.

    Returns:
        whether it was written.
    """
    from viewlearn.report import FAILURES, AnalysisSettings, write_report  # which reads runs by this package

    print("writing the report; data that have no judges of their labels yet get them now …", file=sys.stderr)
    try:
        write_report(
            [folder.path],
            folder.report,
            analyse=AnalysisSettings(device=str(device)),
            parts={str(folder.path): parts},
        )
    except FAILURES as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"the report couldn't be written, the run is complete without it: {reason}", file=sys.stderr)
        return False
    return True
