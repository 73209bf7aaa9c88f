"""A run's whole story on one self-contained HTML page."""

from viewlearn.report.analysis import AnalysisSettings
from viewlearn.report.finish import report_run
from viewlearn.report.reader import FAILURES
from viewlearn.report.write import write_report

__all__ = ["FAILURES", "AnalysisSettings", "report_run", "write_report"]
