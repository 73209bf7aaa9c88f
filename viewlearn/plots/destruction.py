"""What views destroy: distributions of the correct class's probability, where views act, and what it buys."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from viewlearn.plots.figure import COLORS, GRAY, new_figure, save_figure, tidy

MARKERS = "osD^vP"


class Tradeoff(NamedTuple):
    """One run in ``save_tradeoffs``.

    Args:
        name: Kind of views; runs of one name share color and marker.
        destruction: Rate at which task A's label is destroyed, in [0, 1].
        accuracy: Accuracy of the encoder on task B, in [0, 1].
    """

    name: str
    destruction: float
    accuracy: float


def plot_histograms(
    axes: Axes,
    views: Mapping[str, Sequence[float]],
    clean: Sequence[float] | None = None,
    threshold: float | None = None,
    colors: Mapping[str, str] | None = None,
) -> None:
    """Draws histograms of the correct class's probability under several kinds of views, over that of clean inputs.

    Args:
        axes: Axes to draw on.
        views: By kind, the shares of all values in equal bins of [0, 1]; drawn as steps.
        clean: The same for clean inputs; drawn as a gray area.
        threshold: Probability below which a label counts as destroyed; drawn dashed.
        colors: Colors by kind.
    """
    tidy(axes)
    if clean is not None:
        edges = np.linspace(0, 1, len(clean) + 1)
        axes.stairs(100 * np.asarray(clean), edges, fill=True, color=GRAY, alpha=0.35, label="clean inputs")
    for i, (name, parts) in enumerate(views.items()):
        color = (colors or {}).get(name, COLORS[i % len(COLORS)])
        edges = np.linspace(0, 1, len(parts) + 1)
        axes.stairs(100 * np.asarray(parts), edges, color=color, linewidth=1.8, label=name)
    if threshold is not None:
        axes.axvline(threshold, color=GRAY, linestyle="--", linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability of the correct class", fontsize=9)
    axes.set_ylabel("views (%)", fontsize=9)
    axes.legend(fontsize=8, frameon=False)


class TradeoffPanel(NamedTuple):
    """Accuracy on task B against the destruction rate of task A.

    Args:
        tasks: Tasks (A, B): whose label is destroyed, and whose accuracy is measured.
        runs: Points to draw.
        prediction: Rates of destruction and accuracies that the linear model predicts, both in percent; it predicts
            shares of the embedding, which the caller has scaled to accuracies.
        title: Title of the panel.
    """

    tasks: tuple[str, str]
    runs: Sequence[Tradeoff]
    prediction: tuple[Sequence[float], Sequence[float]] | None = None
    title: str | None = None


def plot_tradeoff(axes: Axes, panel: TradeoffPanel, names: Sequence[str] | None = None) -> None:
    """Draws one point per run, runs of one name alike, without a legend.

    Args:
        axes: Axes to draw on.
        panel: What to draw.
        names: Names of runs, in the order that decides their looks; None for the panel's own.
    """
    tidy(axes)
    if panel.prediction is not None:
        axes.plot(*panel.prediction, color=GRAY, linewidth=1.4, label="linear model's share, scaled")
    own = dict.fromkeys(run.name for run in panel.runs)
    for i, name in enumerate(own if names is None else names):
        mine = [run for run in panel.runs if run.name == name]
        if mine:
            axes.scatter(
                [100 * run.destruction for run in mine],
                [100 * run.accuracy for run in mine],
                color=COLORS[i % len(COLORS)],
                marker=MARKERS[(i + i // len(COLORS)) % len(MARKERS)],  # a pair of its own for many names
                s=34,
                label=name,
                zorder=3,
            )
    axes.set_xlabel(f"views that destroy the label of {panel.tasks[0]} (%)", fontsize=9)
    axes.set_ylabel(f"accuracy on {panel.tasks[1]} (%)", fontsize=9)
    if panel.title:
        axes.set_title(panel.title, fontsize=10)


def save_tradeoffs(path: Path | str, rows: Sequence[Sequence[TradeoffPanel]]) -> Path:
    """Draws what destroying one task's label does for another task.

    Args:
        path: Picture to write.
        rows: Rows of panels. Runs of one name look alike in all of them, and one legend is for all.

    Raises:
        ValueError: No panels, or one without runs.
    """
    if not rows or not all(row and all(panel.runs for panel in row) for row in rows):
        raise ValueError("there are no runs to draw")
    columns = max(len(row) for row in rows)
    names = list(dict.fromkeys(run.name for row in rows for panel in row for run in panel.runs))
    figure = new_figure(4.3 * columns + 2.9, 3.5 * len(rows))
    entries = {}
    for places, row in zip(figure.subplots(len(rows), columns, squeeze=False), rows, strict=True):
        for axes, panel in zip(places, row, strict=False):
            plot_tradeoff(axes, panel, names)
            handles, labels = axes.get_legend_handles_labels()
            entries |= dict(zip(labels, handles, strict=True))
        for axes in places[len(row) :]:
            axes.remove()
    ordered = [name for name in entries if name not in names] + [name for name in names if name in entries]
    figure.legend([entries[name] for name in ordered], ordered, fontsize=9, frameon=False, loc="outside right upper")
    return save_figure(figure, path)


def plot_profiles(profiles: Mapping[str, Sequence[float]], colors: Mapping[str, str] | None = None) -> Figure:
    """Draws the shares of a change's energy over normalized radial frequency, one line per kind of views."""
    figure = new_figure(4.4, 2.9)
    axes = tidy(figure.subplots())
    for i, (name, parts) in enumerate(profiles.items()):
        centers = (np.arange(len(parts)) + 0.5) / len(parts)
        color = (colors or {}).get(name, COLORS[i % len(COLORS)])
        axes.plot(centers, 100 * np.asarray(parts), marker="o", markersize=3, color=color, label=name)
    axes.set_xlabel("spatial frequency (1: both axes at Nyquist's)", fontsize=9)
    axes.set_ylabel("energy of view − clean (%)", fontsize=9)
    axes.legend(fontsize=8, frameon=False)
    return figure
