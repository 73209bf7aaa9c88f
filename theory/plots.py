"""Parts of figures: trained runs as points with the range over seeds as a band, closed forms as lines."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from theory.sweeps.phase import PhaseDiagram
from theory.table import TidyTable
from viewlearn.files import writing

GROUP_COLORS = {"A": "#2b6cb0", "B": "#dd6b20", "C": "#2f855a"}
OTHER_COLORS = ("#2f855a", "#805ad5", "#b83280", "#718096")
AXIS_LABELS = {
    "noise": "noise of each view σ",
    "shared_noise": "noise shared by the views σ₀",
    "dim": "embedding dimension m",
    "temperature": "temperature τ",
    "batch_size": "pairs in a batch N",
}


def group_color(group: str, index: int = 0) -> str:
    """Returns the color of a group: A blue, B orange, C green, others by index."""
    return GROUP_COLORS.get(group, OTHER_COLORS[index % len(OTHER_COLORS)])


def axis_label(name: str) -> str:
    """Returns the label of an axis of a sweep."""
    group, _, what = name.rpartition(".")
    if what == "destroy":
        return f"destroy probability of {group} in each view, p"
    if what == "strength":
        return f"strength of {group}, in the unit of the noise σ"
    return AXIS_LABELS.get(name, name)


def new_figure(columns: int = 1, width: float = 4.6, height: float = 3.4, rows: int = 1) -> tuple[Figure, np.ndarray]:
    """Makes a figure without global state; returns it and its axes as a flat array."""
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def save_figure(figure: Figure, path: Path, dpi: int = 120) -> Path:
    """Writes a figure to a file; returns the path."""
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=dpi)
    return path


def plot_seeds(ax: Axes, table: TidyTable, axis: str, value: str, color: str, label: str) -> None:
    """Plots means over seeds as joined points, and the range over seeds as a band."""
    x, mean, low, high = table.over_seeds(axis, value)
    ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
    ax.plot(x, mean, "o", color=color, markersize=3.5, linewidth=0.8, linestyle="-", label=label, alpha=0.9)


def plot_threshold(ax: Axes, value: float | None, text: str, height: float = 0.3, left: bool = False) -> None:
    """Plots a dotted vertical line with its name, if there is a value."""
    if value is None:
        return
    ax.axvline(value, color="0.35", linestyle=":", linewidth=1.2)
    ax.text(
        value,
        height,
        f"{text} " if left else f" {text}",
        ha="right" if left else "left",
        va="bottom",
        fontsize=7.5,
        color="0.25",
        transform=ax.get_xaxis_transform(),
    )


def plot_accuracies(
    ax: Axes, table: TidyTable, axis: str, groups: Sequence[str], theory: TidyTable | None, title: str
) -> None:
    """Plots the accuracy of every group's label along one axis; ``theory`` has the closed form on a finer grid."""
    for index, group in enumerate(groups):
        hue = group_color(group, index)
        plot_seeds(ax, table, axis, f"accuracy_{group}", hue, f"{group}, trained")
        if theory is not None:
            values = theory[f"theory_accuracy_{group}"]
            ax.plot(theory[axis], values, color=hue, linewidth=1.6, linestyle="--", label=f"{group}, closed form")
    ax.set(xlabel=axis_label(axis), ylim=(0.47, 1.03), title=title)
    ax.axhline(0.5, color="0.7", linewidth=0.8)
    ax.title.set_fontsize(10)


def plot_phase_diagram(ax: Axes, diagram: PhaseDiagram, group: str, fine: PhaseDiagram, title: str) -> QuadMesh:
    """Plots R² of one group over two axes, of trained runs if there are any, and the boundary of the closed form."""
    (x_name, x), (y_name, y) = diagram.x, diagram.y
    values = (diagram.trained or diagram.theory)[group]
    image = ax.pcolormesh(x, y, values, shading="nearest", vmin=0, vmax=1, cmap="RdYlBu_r", rasterized=True)
    boundary = fine.theory[group]
    if boundary.min() < 0.5 < boundary.max():
        ax.contour(fine.x[1], fine.y[1], boundary, levels=[0.5], colors="k", linewidths=1.6)
        ax.plot([], [], color="k", linewidth=1.6, label="closed-form boundary")
        ax.legend(loc="lower right", fontsize=7, framealpha=0.9)
    ax.grid(False)
    ax.set(xlabel=axis_label(x_name), ylabel=axis_label(y_name), title=title)
    ax.title.set_fontsize(10)
    return image
