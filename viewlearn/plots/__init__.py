"""Figures, all from saved results and tensors; none touches pyplot's global state."""

from viewlearn.plots.curves import loss_curves
from viewlearn.plots.gallery import views_gallery
from viewlearn.plots.head_histogram import head_histogram
from viewlearn.plots.retrieval import retrieval_figure

__all__ = ["head_histogram", "loss_curves", "retrieval_figure", "views_gallery"]
