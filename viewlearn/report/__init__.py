"""A run's whole story on one self-contained HTML page."""

from viewlearn.report.analysis import AnalysisSettings
from viewlearn.report.write import report_run, write_report

__all__ = ["AnalysisSettings", "report_run", "write_report"]
