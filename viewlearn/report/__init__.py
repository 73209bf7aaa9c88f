"""A run's whole story on one self-contained HTML page."""

from viewlearn.report.analysis import AnalysisSettings, saved_analysis
from viewlearn.report.run_reader import MissingPart
from viewlearn.report.summary import summarize
from viewlearn.report.write import report_run, write_report

__all__ = ["AnalysisSettings", "MissingPart", "report_run", "saved_analysis", "summarize", "write_report"]
