"""What all figures share: no global state, one look, files written whole."""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from viewlearn.files import writing

# Okabe and Ito's colors, which people with any color vision tell apart; black is for what is compared with.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GRAY = "#6b6b6b"


def new_figure(width: float, height: float, padding: tuple[float, float] | None = None) -> Figure:
    """An empty figure that lays itself out and belongs to no pyplot state.

    Args:
        width: Width in inches.
        height: Height in inches.
        padding: Space around panels in inches and as a fraction of a panel; None for matplotlib's.
    """
    engine = ConstrainedLayoutEngine()
    if padding is not None:
        engine.set(w_pad=padding[0], h_pad=padding[0], wspace=padding[1], hspace=padding[1])
    figure = Figure(figsize=(width, height), layout=engine)
    FigureCanvasAgg(figure)
    return figure


def new_panels(
    num_panels: int,
    num_columns: int,
    panel: tuple[float, float],
    margin: tuple[float, float] = (0.0, 0.3),
    sharey: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A figure with a grid of panels, and the panels row by row.

    Args:
        num_panels: Number of panels; the last row may be shorter.
        num_columns: Number of columns, at most, see ``grid_shape``.
        panel: Width and height of a panel in inches.
        margin: Width and height in inches beside all panels.
        sharey: Give all panels the same y-axis.
    """
    num_rows, num_columns = grid_shape(num_panels, num_columns)
    figure = new_figure(panel[0] * num_columns + margin[0], panel[1] * num_rows + margin[1])
    grid = list(figure.subplots(num_rows, num_columns, squeeze=False, sharey=sharey).flat)
    for axes in grid[num_panels:]:
        axes.remove()
    return figure, grid[:num_panels]


def grid_shape(num_panels: int, num_columns: int) -> tuple[int, int]:
    """Returns (rows, columns) of the fewest rows that hold the panels in as many columns at most.

    The columns are no more than those rows need, so that six panels in at most five columns are 2 × 3, not 5 and 1.
    """
    num_rows = -(-num_panels // min(num_columns, num_panels))
    return num_rows, -(-num_panels // num_rows)


def new_plain_panels(
    num_panels: int, num_columns: int, panel: tuple[float, float], title: bool
) -> tuple[Figure, list[Axes]]:
    """As ``new_panels``, for panels whose labels are one line each: their places are known beforehand.

    A layout that is measured draws everything once more, which is most of the time of a plain figure.

    Args:
        num_panels: Number of panels; the last row may be shorter.
        num_columns: Number of columns, at most.
        panel: Width and height of a panel with its labels in inches.
        title: Leave room for a title of the figure.
    """
    num_rows, num_columns = grid_shape(num_panels, num_columns)
    width, height = panel[0] * num_columns, panel[1] * num_rows + (0.35 if title else 0.05)
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    left, right, bottom, top = 0.75, 0.15, 0.5, 0.3  # inches around the axes of a panel
    panels = []
    for number in range(num_panels):
        row, column = divmod(number, num_columns)
        place = (
            (panel[0] * column + left) / width,
            (panel[1] * (num_rows - 1 - row) + bottom) / height,
            (panel[0] - left - right) / width,
            (panel[1] - bottom - top) / height,
        )
        panels.append(figure.add_axes(place))
    return figure, panels


def save_figure(figure: Figure, path: Path | str, dpi: int = 150) -> Path:
    """Writes the figure whole or not at all, in the format that the path's suffix names, and returns the path."""
    path = Path(path)
    with writing(path) as temporary, matplotlib.rc_context({"svg.hashsalt": "viewlearn"}):
        figure.savefig(temporary, dpi=dpi, format=path.suffix.removeprefix(".") or "png")
    return path


def tidy(axes: Axes) -> Axes:
    """Gives axes a plain look, with a light grid and no box at the top and right, and returns them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", labelsize=8)
    return axes


def blank(axes: Axes) -> Axes:
    """Takes ticks and box off axes that show a picture, and returns them."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes
