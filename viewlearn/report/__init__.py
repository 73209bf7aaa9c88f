"""A run's whole story on one self-contained HTML page."""

from importlib import import_module
from typing import TYPE_CHECKING

from viewlearn.report.analysis import AnalysisSettings, saved_analysis
from viewlearn.report.run_reader import MissingPart
from viewlearn.report.summary import summarize

if TYPE_CHECKING:
    from viewlearn.report.write import report_run, write_report

__all__ = ["AnalysisSettings", "MissingPart", "report_run", "saved_analysis", "summarize", "write_report"]


def __getattr__(name: str) -> object:
    if name in ("report_run", "write_report"):  # whose import loads what draws, which a help text needn't wait for
        return getattr(import_module("viewlearn.report.write"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
