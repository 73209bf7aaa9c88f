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
    """One run in ``tradeoff_figure``.

    Args:
        name: of the kind of views; runs of one name share colour and marker.
        destruction: rate at which task A's label is destroyed.
        accuracy: of the encoder on task B.
    """

    name: str
    destruction: float
    accuracy: float


def draw_histograms(
    axes: Axes,
    views: Mapping[str, Sequence[float]],
    clean: Sequence[float] | None = None,
    threshold: float | None = None,
    colors: Mapping[str, str] | None = None,
) -> None:
    """Histograms of the correct class's probability under several kinds of views, as steps, over the clean one's.

    Args:
        axes: to draw on.
        views: per kind, the parts of all values in equal bins of [0, 1].
        clean: the same for clean inputs, drawn as a grey area.
        threshold: below which a label counts as destroyed; dashed.
        colors: by kind.
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


def destruction_histograms(
    path: Path | str,
    tasks: Mapping[str, Mapping[str, Sequence[float]]],
    clean: Mapping[str, Sequence[float]] | None = None,
    *,
    threshold: float | None = None,
    title: str | None = None,
) -> Path:
    """Draws one panel per task, see ``draw_histograms``.

    Args:
        path: the picture to write.
        tasks: per task and kind of views, parts in equal bins of [0, 1].
        clean: per task, those of clean inputs.
        threshold: below which a label counts as destroyed.
        title: of the figure.

    Raises:
        ValueError: no tasks.
    """
    if not tasks:
        raise ValueError("there are no tasks to draw the destruction of")
    figure = new_figure(4.6 * len(tasks), 3.2)
    for axes, (task, views) in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks.items(), strict=True):
        draw_histograms(axes, views, (clean or {}).get(task), threshold)
        axes.set_title(f"task {task}", fontsize=10)
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def draw_tradeoff(
    axes: Axes, runs: Sequence[Tradeoff], tasks: tuple[str, str], prediction: tuple | None, chance: float | None
) -> None:
    """Accuracy on task B against the destruction rate of task A, one point per run."""
    tidy(axes)
    if prediction is not None:
        axes.plot(*prediction, color=GRAY, linewidth=1.4, label="linear model's share, scaled")
    for i, name in enumerate(dict.fromkeys(run.name for run in runs)):
        mine = [run for run in runs if run.name == name]
        axes.scatter(
            [100 * run.destruction for run in mine],
            [100 * run.accuracy for run in mine],
            color=COLORS[i % len(COLORS)],
            marker=MARKERS[i % len(MARKERS)],
            s=34,
            label=name,
            zorder=3,
        )
    if chance is not None:
        axes.axhline(100 * chance, color=GRAY, linestyle=":", linewidth=1.2, label="chance")
    axes.set_xlabel(f"views that destroy the label of {tasks[0]} (%)", fontsize=9)
    axes.set_ylabel(f"accuracy on {tasks[1]} (%)", fontsize=9)
    axes.legend(fontsize=8, frameon=False)


def tradeoff_figure(
    path: Path | str,
    runs: Sequence[Tradeoff],
    tasks: tuple[str, str],
    *,
    prediction: tuple[Sequence[float], Sequence[float]] | None = None,
    chance: float | None = None,
    title: str | None = None,
) -> Path:
    """Draws what destroying one task's label does for another task.

    Args:
        path: the picture to write.
        runs: the points.
        tasks: (A, B): whose label is destroyed, and whose accuracy is measured.
        prediction: of the linear model, as rates of destruction and accuracies, both in percent; it predicts shares of
            the embedding, which the caller has scaled to accuracies.
        chance: accuracy of guessing task B, in [0, 1].
        title: of the figure.

    Raises:
        ValueError: no runs.
    """
    if not runs:
        raise ValueError("there are no runs to draw")
    figure = new_figure(5.2, 3.6)
    draw_tradeoff(figure.subplots(), runs, tasks, prediction, chance)
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def profile_figure(profiles: Mapping[str, Sequence[float]], colors: Mapping[str, str] | None = None) -> Figure:
    """Parts of the change's energy over normalised radial frequency, one line per kind of views."""
    figure = new_figure(4.4, 2.9)
    axes = tidy(figure.subplots())
    for i, (name, parts) in enumerate(profiles.items()):
        centres = (np.arange(len(parts)) + 0.5) / len(parts)
        color = (colors or {}).get(name, COLORS[i % len(COLORS)])
        axes.plot(centres, 100 * np.asarray(parts), marker="o", markersize=3, color=color, label=name)
    axes.set_xlabel("spatial frequency (1: both axes at Nyquist's)", fontsize=9)
    axes.set_ylabel("energy of view − clean (%)", fontsize=9)
    axes.legend(fontsize=8, frameon=False)
    return figure
