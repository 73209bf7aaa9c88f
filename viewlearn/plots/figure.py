"""What all figures share: no global state, one look, files written whole."""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from viewlearn.files import writing

# Okabe and Ito's colors, which people with any color vision tell apart; black is for what is compared with.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GRAY = "#6b6b6b"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of the given inches that lays itself out; it belongs to no pyplot state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path | str, dpi: int = 150) -> Path:
    """Writes the figure whole or not at all, in the format that the path's suffix names, and returns the path."""
    path = Path(path)
    with writing(path) as temporary, matplotlib.rc_context({"svg.hashsalt": "viewlearn"}):
        figure.savefig(temporary, dpi=dpi, format=path.suffix.removeprefix(".") or "png")
    return path


def tidy(axes: Axes) -> Axes:
    """A plain look: light grid, no box at the top and right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize=8)
    return axes
