"""Probes: what frozen features are asked, one kind a module.

Features are extracted once (``clean_features``) and probed by many: ``probe_tasks`` and its parts ``linear_probe`` and
``knn``, ``few_shot``, ``factor_probe``, ``corruption_robustness``, ``shared_factor_accuracy``; ``KNNMonitor`` watches a
training.
"""

from viewlearn.evaluation.probes.contributions import head_contributions
from viewlearn.evaluation.probes.described import Explained, described_variance
from viewlearn.evaluation.probes.factor_probe import factor_probe
from viewlearn.evaluation.probes.features import Extraction, Features, encode_batches, extract_features
from viewlearn.evaluation.probes.few_shot import few_shot
from viewlearn.evaluation.probes.fine_tuning import FineTuning, fine_tune, labeled_part
from viewlearn.evaluation.probes.knn import knn, knn_scores
from viewlearn.evaluation.probes.layers import Layered, LayeredEncoder, layered, match_layers
from viewlearn.evaluation.probes.limited import limited, on_validation, subsample
from viewlearn.evaluation.probes.linear import L2_GRID, fit_linear_probe, linear_probe, score_classifier
from viewlearn.evaluation.probes.logistic import LinearClassifier, fit_logistic
from viewlearn.evaluation.probes.monitor import KNNMonitor
from viewlearn.evaluation.probes.parameter_classes import FittedClasses, ParameterClasses
from viewlearn.evaluation.probes.retrieval import nearest_neighbors
from viewlearn.evaluation.probes.robustness import Corruptions, Robustness, corrupt, corruption_robustness
from viewlearn.evaluation.probes.shared_factors import shared_factor_accuracy
from viewlearn.evaluation.probes.splits import SplitFeatures, clean_features, validation_samples
from viewlearn.evaluation.probes.tasks import Probe, probe_tasks

__all__ = [
    "L2_GRID",
    "Corruptions",
    "Explained",
    "Extraction",
    "Features",
    "FineTuning",
    "FittedClasses",
    "KNNMonitor",
    "Layered",
    "LayeredEncoder",
    "LinearClassifier",
    "ParameterClasses",
    "Probe",
    "Robustness",
    "SplitFeatures",
    "clean_features",
    "corrupt",
    "corruption_robustness",
    "described_variance",
    "encode_batches",
    "extract_features",
    "factor_probe",
    "few_shot",
    "fine_tune",
    "fit_linear_probe",
    "fit_logistic",
    "head_contributions",
    "knn",
    "knn_scores",
    "labeled_part",
    "layered",
    "limited",
    "linear_probe",
    "match_layers",
    "nearest_neighbors",
    "on_validation",
    "probe_tasks",
    "score_classifier",
    "shared_factor_accuracy",
    "subsample",
    "validation_samples",
]
