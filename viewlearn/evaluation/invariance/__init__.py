"""Which transformations does a representation ignore, and how much of that is more than chance?"""

from viewlearn.evaluation.invariance.curves import InvarianceCurve, invariance_curve
from viewlearn.evaluation.invariance.goodfellow import GoodfellowInvariance
from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.evaluation.invariance.measure import SetMeasure
from viewlearn.evaluation.invariance.null import NullTest, permutation_test
from viewlearn.evaluation.invariance.results import Measured, OverSeeds, measure_invariance, over_seeds, table
from viewlearn.evaluation.invariance.score import RepresentationInvariance
from viewlearn.evaluation.invariance.similarity import SetCosine, Whitening, whitened_cosine
from viewlearn.evaluation.invariance.variance import VarianceRatio
from viewlearn.evaluation.invariance.variations import (
    BudgetVariation,
    EntryVariation,
    Variation,
    layout_of,
    setting,
    vary,
)

__all__ = [
    "BudgetVariation",
    "EntryVariation",
    "GoodfellowInvariance",
    "InvarianceCurve",
    "Measured",
    "NullTest",
    "OverSeeds",
    "RepresentationInvariance",
    "SetCosine",
    "SetLayout",
    "SetMeasure",
    "VarianceRatio",
    "Variation",
    "Whitening",
    "invariance_curve",
    "layout_of",
    "measure_invariance",
    "over_seeds",
    "permutation_test",
    "setting",
    "table",
    "vary",
    "whitened_cosine",
]
