"""The linear feature-suppression model, after Feature Dropout (arXiv 2212.08378): closed forms and simulation."""

from theory.adversaries import AdditiveAdversary, DestroyAdversary
from theory.best_response import additive_response, attack_channel, destroy_response
from theory.boundaries import DestroyBoundary, DimBoundary, critical_destroy, critical_dim, crossing
from theory.cosine import CoexistenceWindow, coexistence_window, invasion_rate
from theory.dynamics import escape_rate, gradient_flow, learning_times, starved_growth
from theory.finite_negatives import sphere_loss, sphere_optimum
from theory.game import Game, play
from theory.losses import AutogradLoss, CovarianceContrast, InfoNCE, Spectral
from theory.model import FeatureGroup, GroupModel
from theory.optimizers import Adam, GradientDescent
from theory.optimum import Solution, solve, solve_diagonal, solve_general
from theory.phase import PhaseDiagram, phase_diagram
from theory.probes import Probe, VacuousProbeWarning, probe
from theory.second_moments import Moments, moments
from theory.sweeps.sweep import sweep
from theory.table import Table
from theory.tight_bottleneck import Hysteresis, hysteresis
from theory.training import Trained, train
from theory.water_filling import WaterFilling, mean_field
from viewlearn.evaluation.feature_dropping.dropout import disagreement, gradient_floor, sphere_threshold

__all__ = [
    "Adam",
    "AdditiveAdversary",
    "AutogradLoss",
    "CoexistenceWindow",
    "CovarianceContrast",
    "DestroyAdversary",
    "DestroyBoundary",
    "DimBoundary",
    "FeatureGroup",
    "Game",
    "GradientDescent",
    "GroupModel",
    "Hysteresis",
    "InfoNCE",
    "Moments",
    "PhaseDiagram",
    "Probe",
    "Solution",
    "Spectral",
    "Table",
    "Trained",
    "VacuousProbeWarning",
    "WaterFilling",
    "additive_response",
    "attack_channel",
    "coexistence_window",
    "critical_destroy",
    "critical_dim",
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
    "phase_diagram",
    "play",
    "probe",
    "solve",
    "solve_diagonal",
    "solve_general",
    "sphere_loss",
    "sphere_optimum",
    "sphere_threshold",
    "starved_growth",
    "sweep",
    "train",
]
