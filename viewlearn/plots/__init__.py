"""Figures, all from saved results and tensors; none touches pyplot's global state."""

from viewlearn.plots.curves import loss_curves
from viewlearn.plots.gallery import views_gallery

__all__ = ["loss_curves", "views_gallery"]
