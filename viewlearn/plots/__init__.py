"""Figures, all from saved results and tensors; none touches pyplot's global state.

``save_…`` writes a picture; ``plot_…`` draws on axes that it is given.
"""

from viewlearn.plots.curves import save_loss_curves
from viewlearn.plots.gallery import save_views_gallery
from viewlearn.plots.heads import save_head_histograms
from viewlearn.plots.neighbors import save_neighbors

__all__ = ["save_head_histograms", "save_loss_curves", "save_neighbors", "save_views_gallery"]
