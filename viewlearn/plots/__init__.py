"""Figures, all from saved results and tensors; none touches pyplot's global state.

``save_…`` writes a picture; ``plot_…`` draws on axes that it is given. Each function is imported when it is
first used, so that a run's command line doesn't wait for matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viewlearn.plots.curves import save_loss_curves
    from viewlearn.plots.decisions import Decided, save_decisions
    from viewlearn.plots.gallery import save_views_gallery
    from viewlearn.plots.heads import save_head_histograms
    from viewlearn.plots.neighbors import save_neighbors

__all__ = [
    "Decided",
    "save_decisions",
    "save_head_histograms",
    "save_loss_curves",
    "save_neighbors",
    "save_views_gallery",
]

_MODULE_OF = {
    "Decided": "decisions",
    "save_decisions": "decisions",
    "save_head_histograms": "heads",
    "save_loss_curves": "curves",
    "save_neighbors": "neighbors",
    "save_views_gallery": "gallery",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
