"""Evaluation of frozen encoders: features once, then probes per task."""

from viewlearn.evaluation.evaluate import evaluate, reinitialised
from viewlearn.evaluation.features import Features, extract_features
from viewlearn.evaluation.intervals import mean_interval, wilson_interval
from viewlearn.evaluation.knn import knn, knn_scores
from viewlearn.evaluation.linear_probe import fit_linear_probe, linear_probe, score_classifier
from viewlearn.evaluation.logistic import LinearClassifier, fit_logistic
from viewlearn.evaluation.monitor import KNNMonitor
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.score import Score

__all__ = [
    "Features",
    "KNNMonitor",
    "LinearClassifier",
    "Results",
    "Row",
    "Score",
    "evaluate",
    "extract_features",
    "fit_linear_probe",
    "fit_logistic",
    "knn",
    "knn_scores",
    "linear_probe",
    "mean_interval",
    "reinitialised",
    "score_classifier",
    "wilson_interval",
]
