"""The linear feature-suppression model, after Feature Dropout (arXiv 2212.08378): closed forms and simulation."""

from theory.closed_forms.best_response import additive_response, attack_channel, destroy_response
from theory.closed_forms.boundaries import DestroyBoundary, DimBoundary, critical_destroy, critical_dim, crossing
from theory.closed_forms.cosine import CoexistenceWindow, coexistence_window, invasion_rate
from theory.closed_forms.dynamics import LearningTimes, escape_rate, gradient_flow, learning_times, starved_growth
from theory.closed_forms.finite_negatives import sphere_loss, sphere_optimum
from theory.closed_forms.optimum import Solution, solve, solve_diagonal, solve_general
from theory.closed_forms.shortcut import (
    critical_bits,
    critical_dropping,
    negative_similarity,
    onset_slope,
    residual_loss,
    unsolved,
)
from theory.closed_forms.tight_bottleneck import Hysteresis, hysteresis
from theory.closed_forms.water_filling import WaterFilling, mean_field
from theory.losses.info_nce import InfoNCE
from theory.losses.loss import Loss, QuadraticForm
from theory.losses.per_run import AutogradLoss
from theory.losses.quadratic import CovarianceContrast, Spectral
from theory.measures.probe import Probe, VacuousProbeWarning, probe
from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import ViewMoments, moments
from theory.model.parameters import Parameters, vary
from theory.prediction import Prediction, TaskPrediction, predict
from theory.simulation.adversaries import AdditiveAdversary, Adversary, DestroyAdversary
from theory.simulation.game import Game, play
from theory.simulation.optimization import Optimization
from theory.simulation.training import Trained, train
from theory.sweeps.phase import PhaseDiagram, phase_diagram
from theory.sweeps.sweep import sweep
from theory.table import TidyTable
from viewlearn.evaluation.feature_dropping.dropout import disagreement, gradient_floor, sphere_threshold

__all__ = [
    "AdditiveAdversary",
    "Adversary",
    "AutogradLoss",
    "CoexistenceWindow",
    "CovarianceContrast",
    "DestroyAdversary",
    "DestroyBoundary",
    "DimBoundary",
    "FeatureGroup",
    "Game",
    "GroupModel",
    "Hysteresis",
    "InfoNCE",
    "LearningTimes",
    "Loss",
    "Optimization",
    "Parameters",
    "PhaseDiagram",
    "Prediction",
    "Probe",
    "QuadraticForm",
    "Solution",
    "Spectral",
    "TaskPrediction",
    "TidyTable",
    "Trained",
    "VacuousProbeWarning",
    "ViewMoments",
    "WaterFilling",
    "additive_response",
    "attack_channel",
    "coexistence_window",
    "critical_bits",
    "critical_destroy",
    "critical_dim",
    "critical_dropping",
    "crossing",
    "destroy_response",
    "disagreement",
    "escape_rate",
    "gradient_floor",
    "gradient_flow",
    "hysteresis",
    "invasion_rate",
    "learning_times",
    "mean_field",
    "moments",
    "negative_similarity",
    "onset_slope",
    "phase_diagram",
    "play",
    "predict",
    "probe",
    "residual_loss",
    "solve",
    "solve_diagonal",
    "solve_general",
    "sphere_loss",
    "sphere_optimum",
    "sphere_threshold",
    "starved_growth",
    "sweep",
    "train",
    "unsolved",
    "vary",
]
