"""Evaluation of frozen encoders: features once, then probes per task."""

from viewlearn.evaluation.evaluate import Asked, evaluate_all
from viewlearn.evaluation.probes.clean import clean_features
from viewlearn.evaluation.probes.contributions import head_contributions
from viewlearn.evaluation.probes.factor_probe import factor_probe
from viewlearn.evaluation.probes.features import Features, extract_features
from viewlearn.evaluation.probes.few_shot import few_shot
from viewlearn.evaluation.probes.intervals import mean_interval, wilson_interval
from viewlearn.evaluation.probes.knn import knn, knn_scores
from viewlearn.evaluation.probes.layers import LayeredEncoder, layered
from viewlearn.evaluation.probes.limited import LimitedData
from viewlearn.evaluation.probes.linear import fit_linear_probe, linear_probe, score_classifier
from viewlearn.evaluation.probes.logistic import LinearClassifier, fit_logistic
from viewlearn.evaluation.probes.monitor import KNNMonitor
from viewlearn.evaluation.probes.parameter_classes import Factor
from viewlearn.evaluation.probes.retrieval import nearest_neighbors
from viewlearn.evaluation.probes.robustness import Robustness, corrupt, corruption_robustness
from viewlearn.evaluation.probes.score import Score
from viewlearn.evaluation.probes.shared_factors import shared_factor_accuracy
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.tasks import evaluate, reinitialized

__all__ = [
    "Asked",
    "Factor",
    "Features",
    "KNNMonitor",
    "LayeredEncoder",
    "LimitedData",
    "LinearClassifier",
    "Results",
    "Robustness",
    "Row",
    "Score",
    "clean_features",
    "corrupt",
    "corruption_robustness",
    "evaluate",
    "evaluate_all",
    "extract_features",
    "factor_probe",
    "few_shot",
    "fit_linear_probe",
    "fit_logistic",
    "head_contributions",
    "knn",
    "knn_scores",
    "layered",
    "linear_probe",
    "mean_interval",
    "nearest_neighbors",
    "reinitialized",
    "score_classifier",
    "shared_factor_accuracy",
    "wilson_interval",
]
