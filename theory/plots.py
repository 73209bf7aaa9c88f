"""Figures from saved tables: trained runs as points with the range over seeds as a band, closed forms as lines."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theory.sweeps.phase import PhaseDiagram
from theory.table import Table
from viewlearn.files import writing

COLORS = {"A": "#2b6cb0", "B": "#dd6b20"}
MORE = ("#2f855a", "#805ad5", "#b83280", "#718096")
NAMES = {
    "noise": "noise of each view σ",
    "shared_noise": "noise shared by the views σ₀",
    "dim": "embedding dimension m",
    "temperature": "temperature τ",
    "batch_size": "pairs in a batch N",
}


def color(group: str, index: int = 0) -> str:
    """The color of a group: A blue, B orange, others by index."""
    return COLORS.get(group, MORE[index % len(MORE)])


def axis_label(name: str) -> str:
    """What stands beside an axis of a sweep."""
    group, _, what = name.rpartition(".")
    if what == "destroy":
        return f"destroy probability of {group} in each view, p"
    if what == "strength":
        return f"strength of {group}, in the unit of the noise σ"
    return NAMES.get(name, name)


def new_figure(columns: int = 1, width: float = 4.6, height: float = 3.4, rows: int = 1) -> tuple[Figure, np.ndarray]:
    """A figure without global state, and its axes as a flat array."""
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def save(figure: Figure, path: Path, dpi: int = 120) -> Path:
    """Writes a PNG, making its folder."""
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=dpi)
    return path


def trained_band(ax: Axes, table: Table, axis: str, value: str, color: str, label: str, marker: str = "o") -> None:
    """Means over seeds as points, joined thinly, and the range over seeds as a band."""
    x, mean, low, high = table.over_seeds(axis, value)
    ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
    ax.plot(x, mean, marker, color=color, markersize=3.5, linewidth=0.8, linestyle="-", label=label, alpha=0.9)


def mark(ax: Axes, value: float | None, text: str, height: float = 0.3, left: bool = False) -> None:
    """A dotted vertical line with its name, if there is one."""
    if value is None:
        return
    ax.axvline(value, color="0.35", linestyle=":", linewidth=1.2)
    side = {"ha": "right", "s": f"{text} "} if left else {"ha": "left", "s": f" {text}"}
    ax.text(value, height, **side, fontsize=7.5, color="0.25", transform=ax.get_xaxis_transform(), va="bottom")


def accuracy_panel(ax: Axes, table: Table, axis: str, groups: Sequence[str], theory: Table | None, title: str) -> None:
    """Accuracy of every group's label along one axis; ``theory`` holds the closed form on a finer grid."""
    for index, group in enumerate(groups):
        hue = color(group, index)
        trained_band(ax, table, axis, f"accuracy_{group}", hue, f"{group}, trained")
        if theory is not None:
            values = theory[f"theory_accuracy_{group}"]
            ax.plot(theory[axis], values, color=hue, linewidth=1.6, linestyle="--", label=f"{group}, closed form")
    ax.set(xlabel=axis_label(axis), ylim=(0.47, 1.03), title=title)
    ax.axhline(0.5, color="0.7", linewidth=0.8)
    ax.title.set_fontsize(10)


def phase_panel(ax: Axes, diagram: PhaseDiagram, group: str, fine: PhaseDiagram, title: str):
    """R² of one group over two axes, trained if there is training, with the boundary of the closed form over it."""
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
