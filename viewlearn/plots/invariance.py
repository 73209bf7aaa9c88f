"""Figures of invariance: scores with their nulls drawn in, and similarity against strength."""

from collections.abc import Mapping
from pathlib import Path

from viewlearn.plots.figure import COLORS, GRAY, new_figure, save_figure, tidy


def invariance_bars(
    path: Path | str, reports: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]], measure: str
) -> Path:
    """One measure as bars, a group per collection of sets and a bar per encoder; nulls are black lines.

    The line is the null's mean, the band around it two of its standard deviations: a bar that ends there says nothing.

    Args:
        path: the picture to write.
        reports: ``{encoder: {sets: {measure: {"score", "null_mean", "null_sd", …}}}}``.
        measure: which one, such as "RIS released top-10".

    Raises:
        ValueError: no report has the measure.
    """
    names = list(dict.fromkeys(name for sets in reports.values() for name in sets))
    found = [m for sets in reports.values() for report in sets.values() for m in report]
    if measure not in found:
        raise ValueError(f"no report has the measure {measure!r}; there are: {', '.join(dict.fromkeys(found))}")
    width = 0.8 / len(reports)
    figure = new_figure(1.5 + 0.28 * len(names) * (len(reports) + 1), 3.2)
    axes = tidy(figure.add_subplot())
    for k, (encoder, sets) in enumerate(reports.items()):
        for place, name in enumerate(names):
            test = sets.get(name, {}).get(measure)
            if test is None:
                continue
            x = place + (k - (len(reports) - 1) / 2) * width
            label = encoder if name == next(n for n in names if measure in sets.get(n, {})) else None
            axes.bar(x, test["score"], 0.9 * width, color=COLORS[k % len(COLORS)], label=label)
            ends = (x - 0.45 * width, x + 0.45 * width)
            axes.plot(ends, (test["null_mean"],) * 2, color="black", linewidth=1.2)
            low, high = (test["null_mean"] + sign * 2 * test["null_sd"] for sign in (-1, 1))
            axes.fill_between(ends, low, high, color=GRAY, alpha=0.6, linewidth=0)
    axes.plot([], [], color="black", linewidth=1.2, label="null (± 2 sd)")
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right", fontsize=8)
    axes.set_ylabel(measure, fontsize=9)
    axes.grid(axis="x", visible=False)
    axes.legend(
        fontsize=7, frameon=False, ncols=min(4, len(reports) + 1), loc="lower center", bbox_to_anchor=(0.5, 1.0)
    )
    return save_figure(figure, path)


def invariance_curves(path: Path | str, curves: Mapping[str, Mapping[str, Mapping[str, list[float]]]]) -> Path:
    """Whitened similarity against strength, a panel per factor and a line per encoder, with 95 % bands over samples.

    Args:
        path: the picture to write.
        curves: ``{encoder: {factor: InvarianceCurve.as_dict()}}``.

    Raises:
        ValueError: no curves.
    """
    factors = list(dict.fromkeys(name for of_encoder in curves.values() for name in of_encoder))
    if not factors:
        raise ValueError("there are no curves to draw")
    columns = min(4, len(factors))
    rows = -(-len(factors) // columns)
    figure = new_figure(2.5 * columns, 2.2 * rows + 0.4)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
    for axes, factor in zip(panels, factors, strict=False):
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
    for axes in panels[len(factors) :]:
        axes.set_visible(False)
    panels[0].set_ylabel("whitened cosine", fontsize=8)
    panels[0].legend(fontsize=7, frameon=False)
    return save_figure(figure, path)
