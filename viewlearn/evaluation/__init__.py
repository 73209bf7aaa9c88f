"""Evaluation of frozen encoders: features once, then probes per task."""

from viewlearn.evaluation.clean import clean_features
from viewlearn.evaluation.contributions import head_contributions
from viewlearn.evaluation.evaluate import evaluate, reinitialised
from viewlearn.evaluation.evaluate_all import Asked, evaluate_all
from viewlearn.evaluation.factor_probe import factor_probe
from viewlearn.evaluation.factors import Factor
from viewlearn.evaluation.features import Features, extract_features
from viewlearn.evaluation.few_shot import few_shot
from viewlearn.evaluation.intervals import mean_interval, wilson_interval
from viewlearn.evaluation.knn import knn, knn_scores
from viewlearn.evaluation.layers import LayeredEncoder, layered
from viewlearn.evaluation.limited import LimitedData
from viewlearn.evaluation.linear_probe import fit_linear_probe, linear_probe, score_classifier
from viewlearn.evaluation.logistic import LinearClassifier, fit_logistic
from viewlearn.evaluation.monitor import KNNMonitor
from viewlearn.evaluation.results import Results, Row
from viewlearn.evaluation.retrieval import nearest_neighbours
from viewlearn.evaluation.robustness import Robustness, corrupt, corruption_robustness
from viewlearn.evaluation.score import Score
from viewlearn.evaluation.shared_factors import shared_factor_accuracy

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
    "nearest_neighbours",
    "reinitialised",
    "score_classifier",
    "shared_factor_accuracy",
    "wilson_interval",
]
