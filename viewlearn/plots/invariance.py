"""Figures of invariance: scores with their nulls drawn in, and similarity against strength."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from viewlearn.plots.figure import COLORS, GRAY, grid_shape, new_panels, save_figure, tidy

MOST_COLUMNS = 5


def save_invariance_bars(
    path: Path | str, reports: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]], measure: str
) -> Path:
    """Draws one measure as bars, a panel per collection of sets and a bar per encoder; nulls are black lines.

    The line is the null's mean, the band around it two of its standard deviations: a bar that ends there says nothing.
    Whiskers are the standard deviation over seeds, where there are several.

    Args:
        path: Picture to write.
        reports: ``{encoder: {sets: {measure: {"score", "null_mean", "null_sd", …, maybe "score_sd"}}}}``.
        measure: Name of the measure, such as "RIS released top-10".

    Returns:
        The path.

    Raises:
        ValueError: No report has the measure.
    """
    names = list(dict.fromkeys(name for sets in reports.values() for name in sets))
    measures = [m for sets in reports.values() for report in sets.values() for m in report]
    if measure not in measures:
        raise ValueError(f"no report has the measure {measure!r}; there are: {', '.join(dict.fromkeys(measures))}")
    columns = grid_shape(len(names), MOST_COLUMNS)[1]
    figure, panels = new_panels(len(names), columns, (0.7 + 0.24 * len(reports), 1.9), margin=(2.2, 0.5), sharey=True)
    for axes, name in zip(panels, names, strict=True):
        tidy(axes).set_title(name, fontsize=9)
        axes.set_xticks([])
        for k, (encoder, sets) in enumerate(reports.items()):
            test = sets.get(name, {}).get(measure)
            if test is not None:
                _plot_bar(axes, k, test, encoder)
    for axes in panels[::columns]:
        axes.set_ylabel(measure, fontsize=9)
    handles = {
        label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    handles["null (± 2 sd)"] = Line2D([], [], color="black", linewidth=1.2)
    figure.legend(handles.values(), handles.keys(), fontsize=8, frameon=False, loc="outside right upper")
    return save_figure(figure, path)


def _plot_bar(axes: Axes, place: int, test: Mapping[str, float], label: str) -> None:
    # Seven encoders have fewer colors than that; the second round is hatched.
    hatch = "///" if place >= len(COLORS) else None
    color = COLORS[place % len(COLORS)]
    axes.bar(place, test["score"], 0.85, color=color, hatch=hatch, edgecolor="white", linewidth=0, label=label)
    if test.get("score_sd", 0) > 0:
        axes.errorbar(place, test["score"], test["score_sd"], color=GRAY, linewidth=1, capsize=2)
    ends = (place - 0.425, place + 0.425)
    axes.plot(ends, (test["null_mean"],) * 2, color="black", linewidth=1.2)
    low, high = (test["null_mean"] + sign * 2 * test["null_sd"] for sign in (-1, 1))
    axes.fill_between(ends, low, high, color=GRAY, alpha=0.6, linewidth=0)


def save_invariance_curves(path: Path | str, curves: Mapping[str, Mapping[str, Mapping[str, list[float]]]]) -> Path:
    """Draws whitened similarity against strength, a panel per factor and a line per encoder.

    Bands are 95 % intervals over samples.

    Args:
        path: Picture to write.
        curves: ``{encoder: {variation: InvarianceCurve as a dict}}``.

    Returns:
        The path.

    Raises:
        ValueError: No curves.
    """
    factors = list(dict.fromkeys(name for of_encoder in curves.values() for name in of_encoder))
    if not factors:
        raise ValueError("there are no curves to draw")
    figure, panels = new_panels(len(factors), 4, (2.5, 2.2), margin=(0.0, 0.4), sharey=True)
    for axes, factor in zip(panels, factors, strict=True):
        tidy(axes).set_title(factor, fontsize=9)
        for k, (encoder, of_encoder) in enumerate(curves.items()):
            if factor not in of_encoder:
                continue
            curve = of_encoder[factor]
            color = COLORS[k % len(COLORS)]
            axes.plot(curve["values"], curve["whitened"], color=color, linewidth=1.4, label=encoder)
            low, high = (
                [m + sign * 1.96 * e for m, e in zip(curve["whitened"], curve["whitened_error"], strict=True)]
                for sign in (-1, 1)
            )
            axes.fill_between(curve["values"], low, high, color=color, alpha=0.2, linewidth=0)
        axes.axhline(0, color=GRAY, linewidth=0.8, linestyle=":")
    panels[0].set_ylabel("whitened cosine", fontsize=8)
    panels[0].legend(fontsize=7, frameon=False)
    return save_figure(figure, path)
