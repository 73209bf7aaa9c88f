"""Evaluation of frozen encoders: ``evaluate`` asks everything at once.

Its parts are in ``viewlearn.evaluation.probes``; which transformations features ignore is in
``viewlearn.evaluation.invariance``, and what views destroy in ``viewlearn.evaluation.feature_dropping``.
"""

from viewlearn.evaluation.evaluate import EvaluationPlan, evaluate
from viewlearn.evaluation.intervals import mean_interval, wilson_interval
from viewlearn.evaluation.reinitialized import reinitialized
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.score import Score

__all__ = [
    "EvaluationPlan",
    "Results",
    "Row",
    "Score",
    "evaluate",
    "mean_interval",
    "reinitialized",
    "wilson_interval",
]
