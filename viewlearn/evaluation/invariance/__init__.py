"""Which transformations does a representation ignore, and how much of that is more than chance?"""

from viewlearn.evaluation.invariance.goodfellow import GoodfellowInvariance
from viewlearn.evaluation.invariance.layout import SetLayout
from viewlearn.evaluation.invariance.measure import SetMeasure
from viewlearn.evaluation.invariance.null import NullTest, permutation_test
from viewlearn.evaluation.invariance.score import RepresentationInvariance
from viewlearn.evaluation.invariance.similarity import SetCosine, Whitening, mahalanobis, whitened_cosine
from viewlearn.evaluation.invariance.variance import VarianceRatio

__all__ = [
    "GoodfellowInvariance",
    "NullTest",
    "RepresentationInvariance",
    "SetCosine",
    "SetLayout",
    "SetMeasure",
    "VarianceRatio",
    "Whitening",
    "mahalanobis",
    "permutation_test",
    "whitened_cosine",
]
