"""How a run went: its metrics over the training steps."""

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from viewlearn.plots.figure import COLORS, GRAY, new_plain_panels, save_figure, tidy

Series = dict[str, tuple[list[float], list[float]]]  # name: (steps, values)
FEW = 20  # with fewer points, each has a marker
DENSE = 60  # with more points, a running mean over a twentieth of them is drawn


def save_loss_curves(
    path: Path | str,
    metrics: Path | str | Sequence[Mapping[str, float]],
    *,
    chance: Mapping[str, float] | None = None,
    title: str | None = None,
) -> Path:
    """Draws what ``metrics.jsonl`` holds over the steps, one panel per kind of metric that is present.

    =================  ====================================================  ===========================
    panel              metrics                                               axis
    =================  ====================================================  ===========================
    training loss      ``loss``, ``loss/…``                                  nats
    accuracies         ``knn/TASK``, ``linear/TASK``, with chance dotted     %
    directions         ``features/rankme``, ``features/lidar``               number, log scale
    features           whatever else is logged as ``features/…``             its own unit
    predicted          ``predicted/…``, what keepers predict                 %
    distortion         ``ENTRY/mean`` and ``ENTRY/max`` of learned views     ``|view − original|``
    learned views      whatever else these log as ``ENTRY/…``                the view's own units
    found              ``found``, with automatic budgets                     %
    alignment          ``alignment``                                         cosine similarity
    learning rate      ``lr``, ``…_lr``, ``lr/…``, ``learning_rate…``        log scale
    =================  ====================================================  ===========================

    Series of more than 60 points are shown faintly, with a running mean over a twentieth of their points on top.

    Args:
        path: Picture to write; its suffix is the format.
        metrics: The file, or its lines as dicts; each has ``step`` and some of the metrics.
        chance: Accuracy of guessing, in [0, 1], per task.
        title: Title of the figure.

    Returns:
        The path.

    Raises:
        ValueError: None of these metrics is there.
    """
    rows = _read(metrics) if isinstance(metrics, Path | str) else metrics
    series = _series(rows)
    shown = [(plot, chosen) for plot, match in PANELS if (chosen := {k: v for k, v in series.items() if match(k)})]
    if not shown:
        raise ValueError(f"no metric to draw; there are: {', '.join(series) or 'none'}")
    figure, panels = new_plain_panels(len(shown), 2, (5.2, 2.9), title is not None)
    for axes, (plot, chosen) in zip(panels, shown, strict=True):
        plot(tidy(axes), chosen, chance or {})
        axes.set_xlabel("training step", fontsize=9)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def _read(path: Path | str) -> list[dict[str, float]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]


def _series(rows: Sequence[Mapping[str, float]]) -> Series:
    series: Series = {}
    for row in rows:
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                steps, values = series.setdefault(name, ([], []))
                steps.append(row["step"])
                values.append(value)
    return series


def smooth(values: Sequence[float], width: int) -> list[float]:
    """Averages over ``width`` neighbors on either side, or as many as there are.

    Being symmetric, this mean doesn't lag behind a trend as an exponential one does.
    """
    totals = list(accumulate(values, initial=0.0))
    windows = ((max(0, i - width), min(len(values), i + width + 1)) for i in range(len(values)))
    return [(totals[end] - totals[start]) / (end - start) for start, end in windows]


def _plot_line(
    axes: Axes, series: tuple[list[float], list[float]], color: str, label: str | None, style: str = "-"
) -> None:
    steps, values = series
    if len(values) > DENSE:
        axes.plot(steps, values, color=color, alpha=0.25, linewidth=0.8)
        axes.plot(steps, smooth(values, len(values) // 40), color=color, linewidth=1.6, label=label, linestyle=style)
    else:
        marker = "o" if len(values) < FEW else None
        axes.plot(steps, values, color=color, linewidth=1.6, label=label, linestyle=style, marker=marker, markersize=3)


def _plot_lines(axes: Axes, series: Series, names: Mapping[str, str]) -> None:
    for i, (name, values) in enumerate(series.items()):
        _plot_line(axes, values, COLORS[i % len(COLORS)], names[name] if len(series) > 1 else None)
    if len(series) > 1:
        axes.legend(fontsize=8, frameon=False)


def _plot_loss(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    _plot_lines(axes, series, {name: name.removeprefix("loss/") for name in series})
    axes.set_title("training loss", fontsize=10)
    axes.set_ylabel("loss (nats)", fontsize=9)


def _plot_accuracies(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    tasks = list(dict.fromkeys(name.partition("/")[2] for name in series))
    for name, (steps, values) in series.items():
        kind, _, task = name.partition("/")
        color, style = COLORS[tasks.index(task) % len(COLORS)], "-" if kind == "knn" else "--"
        label = f"{task}, kNN" if kind == "knn" else f"{task}, {kind}"
        _plot_line(axes, (steps, [100 * value for value in values]), color, label, style)
        if task in chance and kind == "knn":
            axes.axhline(100 * chance[task], color=color, linestyle=":", linewidth=1.2, label=f"{task}, chance")
    axes.set_title("accuracies while training", fontsize=10)
    axes.set_ylabel("accuracy (%)", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)


def _plot_directions(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    _plot_lines(axes, series, {"features/rankme": "RankMe", "features/lidar": "LiDAR"})
    axes.set_yscale("log")
    axes.set_title("directions that features fill", fontsize=10)
    axes.set_ylabel("number", fontsize=9)


def _plot_features(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    _plot_lines(axes, series, {name: name.removeprefix("features/") for name in series})
    axes.set_title("features", fontsize=10)
    axes.set_ylabel("in their own units", fontsize=9)


def _plot_predicted(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    shown = {name: (steps, [100 * value for value in values]) for name, (steps, values) in series.items()}
    _plot_lines(axes, shown, {name: name.removeprefix("predicted/") for name in series})
    axes.set_title("what is predicted of views", fontsize=10)
    axes.set_ylabel("accuracy (%)", fontsize=9)


def _plot_distortion(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    entries = list(dict.fromkeys(name.rpartition("/")[0] for name in series))
    for name in sorted(series, key=lambda name: name.endswith("/max")):
        entry, _, kind = name.rpartition("/")
        color, style = COLORS[entries.index(entry) % len(COLORS)], "-" if kind == "mean" else "--"
        _plot_line(axes, series[name], color, f"{entry}, {kind}", style)
    axes.set_yscale("log")
    axes.set_title("distortion by the learned view", fontsize=10)
    axes.set_ylabel("|view − original|", fontsize=9)
    axes.legend(fontsize=8, frameon=False)


def _plot_learned(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    for i, (name, values) in enumerate(series.items()):
        _plot_line(axes, values, COLORS[i % len(COLORS)], name.replace("/", ", "))
    axes.set_yscale("symlog", linthresh=1e-3)
    axes.set_title("what learned views do", fontsize=10)
    axes.set_ylabel("in the view's own units", fontsize=9)
    axes.legend(fontsize=8, frameon=False)


def _is_learned(name: str) -> bool:
    entry, _, measure = name.rpartition("/")
    others = ("loss", "knn", "linear", "features", "predicted", "lr")
    return bool(entry) and entry not in others and measure not in ("mean", "max")


def _plot_found(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    steps, values = series["found"]
    _plot_line(axes, (steps, [100 * value for value in values]), GRAY, None)
    axes.set_title("views that find their partner", fontsize=10)
    axes.set_ylabel("found (%)", fontsize=9)
    axes.set_ylim(0, 100)


def _plot_alignment(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    _plot_line(axes, series["alignment"], GRAY, None)
    axes.set_title("alignment of the two views", fontsize=10)
    axes.set_ylabel("cosine similarity", fontsize=9)


def _plot_rates(axes: Axes, series: Series, chance: Mapping[str, float]) -> None:
    for i, (name, (steps, values)) in enumerate(series.items()):
        label = {"lr": "encoder and heads"}.get(name, name.partition("/")[2] or name.removesuffix("_lr"))
        marker = "o" if len(values) < FEW else None
        axes.plot(steps, values, color=COLORS[i % len(COLORS)], linewidth=1.6, label=label, marker=marker, markersize=3)
    highest = [max(values) for _, values in series.values() if max(values) > 0]
    if highest:
        axes.set_yscale("log")
        axes.set_ylim(bottom=1e-3 * min(highest))  # a schedule that ends at zero would leave no room for the rest
    axes.set_title("learning rate", fontsize=10)
    axes.set_ylabel("learning rate", fontsize=9)
    if len(series) > 1:
        axes.legend(fontsize=8, frameon=False)


DIRECTIONS = ("features/rankme", "features/lidar")
PANELS = (
    (_plot_loss, lambda name: name == "loss" or name.startswith("loss/")),
    (_plot_accuracies, lambda name: name.startswith(("knn/", "linear/"))),
    (_plot_directions, lambda name: name in DIRECTIONS),
    (_plot_features, lambda name: name.startswith("features/") and name not in DIRECTIONS),
    (_plot_predicted, lambda name: name.startswith("predicted/")),
    (_plot_distortion, lambda name: name.endswith(("/mean", "/max"))),
    (_plot_learned, _is_learned),
    (_plot_found, lambda name: name == "found"),
    (_plot_alignment, lambda name: name == "alignment"),
    (_plot_rates, lambda name: name.startswith(("lr", "learning_rate")) or name.endswith("_lr")),
)
