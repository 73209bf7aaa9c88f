"""Which transformations does a representation ignore, and how much of that is more than chance?"""

from viewlearn.evaluation.invariance.curves import InvarianceCurve, invariance_curve
from viewlearn.evaluation.invariance.goodfellow import GoodfellowInvariance
from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.evaluation.invariance.measure import SetMeasure
from viewlearn.evaluation.invariance.null import NullTest, permutation_test
from viewlearn.evaluation.invariance.report import OverSeeds, Report, measure_invariance, over_seeds, table
from viewlearn.evaluation.invariance.score import RepresentationInvariance
from viewlearn.evaluation.invariance.similarity import SetCosine, Whitening, mahalanobis, whitened_cosine
from viewlearn.evaluation.invariance.variance import VarianceRatio
from viewlearn.evaluation.invariance.variations import BudgetFactor, Factor, ViewFactor, layout_of, setting, vary

__all__ = [
    "BudgetFactor",
    "Factor",
    "GoodfellowInvariance",
    "InvarianceCurve",
    "NullTest",
    "OverSeeds",
    "Report",
    "RepresentationInvariance",
    "SetCosine",
    "SetLayout",
    "SetMeasure",
    "VarianceRatio",
    "ViewFactor",
    "Whitening",
    "invariance_curve",
    "layout_of",
    "mahalanobis",
    "measure_invariance",
    "over_seeds",
    "permutation_test",
    "setting",
    "table",
    "vary",
    "whitened_cosine",
]
