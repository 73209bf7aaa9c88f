"""What views do: which labels they destroy, together or apart, how that compares with theory, and where they act."""

from viewlearn.evaluation.feature_dropping.action import Action, ActionMeter, radial_profile, row_correlation
from viewlearn.evaluation.feature_dropping.analyze import analyze, fit_judges
from viewlearn.evaluation.feature_dropping.cache import CACHE, kept_judge
from viewlearn.evaluation.feature_dropping.dependence import Dependence, dependence
from viewlearn.evaluation.feature_dropping.destruction import (
    Destruction,
    destroyed,
    destruction,
    histogram,
    pair_loss,
)
from viewlearn.evaluation.feature_dropping.dropout import (
    disagreement,
    effective_dropout,
    gradient_floor,
    paired_disagreement,
    sphere_threshold,
)
from viewlearn.evaluation.feature_dropping.judge import Judge, JudgeSettings, NoLabels, fit_judge, true_probability
from viewlearn.evaluation.feature_dropping.results import FeatureDropping, TaskDropping, ViewsEffect

__all__ = [
    "CACHE",
    "Action",
    "ActionMeter",
    "Dependence",
    "Destruction",
    "FeatureDropping",
    "Judge",
    "JudgeSettings",
    "NoLabels",
    "TaskDropping",
    "ViewsEffect",
    "analyze",
    "dependence",
    "destroyed",
    "destruction",
    "disagreement",
    "effective_dropout",
    "fit_judge",
    "fit_judges",
    "gradient_floor",
    "histogram",
    "kept_judge",
    "pair_loss",
    "paired_disagreement",
    "radial_profile",
    "row_correlation",
    "sphere_threshold",
    "true_probability",
]
