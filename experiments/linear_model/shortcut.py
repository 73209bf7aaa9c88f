"""The command ``shortcut``: what a code of k bits leaves to learn, in tables and a figure."""

import argparse

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theory import critical_bits, critical_dropping, negative_similarity, onset_slope, residual_loss, unsolved
from theory.plots import new_figure, save_figure
from theory.table import TidyTable

DESCRIPTION = (
    "Tabulates the laws of a shortcut of k bits beside one other feature: the loss that a perfect code leaves, whether "
    "the feature is learned under the cosine loss, and the fraction of views in which the code must be destroyed to "
    "reopen it. Values are given as A,B,… or as FIRST:LAST, whole numbers in steps of one."
)
COLORS = ("#1a365d", "#2b6cb0", "#dd6b20", "#c53030", "#2f855a", "#805ad5")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    add = parser.add_argument
    add("--bits", type=values, default=values("0:20"), help="numbers of bits (0:20)")
    add("--temperature", type=values, default=values("0.05,0.1,0.2,0.5"), help="temperatures (0.05,0.1,0.2,0.5)")
    add("--negatives", type=values, default=values("255,999"), help="numbers of negatives of an anchor (255,999)")
    add(
        "--correlation",
        type=values,
        default=values("0.4"),
        help="cross-view correlations of the other feature (0.4); the figure shows the first",
    )


def run(options: argparse.Namespace) -> None:
    """Writes the table and its figure, and prints the knees."""
    table = tabulate(options.bits, options.temperature, options.negatives, options.correlation)
    path = options.out / "shortcut.csv"
    table.write(path)
    figure = save_figure(draw(table), options.out / "shortcut.png")
    print("\n".join([*_residuals(table), "", *_knees(table), f"→ {path}", f"→ {figure}"]))


def values(text: str) -> list[float]:
    """Reads ``A,B,…`` or ``FIRST:LAST``."""
    try:
        if ":" in text:
            first, last = map(int, text.split(":"))
            if first > last:
                raise ValueError
            return [float(value) for value in range(first, last + 1)]
        return [float(value) for value in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither A,B,… nor FIRST:LAST in whole numbers") from None


def tabulate(
    bits: list[float], temperatures: list[float], negatives: list[float], correlations: list[float]
) -> TidyTable:
    """Evaluates every law at every combination, a row each.

    Raises:
        ValueError: A value that a law doesn't allow, or a number of negatives that isn't whole.
    """
    fractional = next((number for number in negatives if number != int(number)), None)
    if fractional is not None:
        raise ValueError(f"negatives are counted; {fractional:g} isn't a whole number")
    rows = []
    for number in map(int, negatives):
        residuals = [residual_loss(k, number) for k in bits]
        for temperature in temperatures:
            similarity, left = negative_similarity(bits, temperature), unsolved(bits, temperature, number)
            for correlation in correlations:
                setting = (temperature, correlation, number)
                knee, slopes = critical_bits(temperature, correlation), onset_slope(bits, *setting)
                dropping = critical_dropping(bits, *setting)
                rows += [
                    (*setting, *row, knee)
                    for row in zip(bits, residuals, similarity, left, slopes, dropping, strict=True)
                ]
    names = ("temperature", "correlation", "negatives", "bits", "residual", "similarity", "unsolved", "slope")
    return TidyTable(dict(zip((*names, "critical_dropping", "critical_bits"), zip(*rows, strict=True), strict=True)))


def draw(table: TidyTable) -> Figure:
    """Draws the residual loss, the slope at the onset, the knee against λ, and the critical dropping."""
    figure, axes = new_figure(columns=4, width=3.7)
    shown = table.select(correlation=table["correlation"][0])
    negatives, temperatures = np.unique(shown["negatives"]), np.unique(shown["temperature"])
    first = shown.select(temperature=temperatures[0])
    for color, number in zip(COLORS, negatives, strict=False):
        rows = first.select(negatives=number)
        axes[0].plot(rows["bits"], rows["residual"], "o-", markersize=3, color=color, label=f"{number:g} negatives")
        axes[0].axvline(np.log2(number + 1), color=color, linestyle=":", linewidth=1)
    _describe(axes[0], "bits k", "loss that a perfect code leaves (nats)", "left for everything else")
    one = shown.select(negatives=negatives[0])
    correlation = shown["correlation"][0]
    for color, temperature in zip(COLORS, temperatures, strict=False):
        rows = one.select(temperature=temperature)
        label = f"τ {temperature:g}"
        axes[1].plot(rows["bits"], temperature * rows["slope"], "o-", markersize=3, color=color, label=label)
        axes[3].plot(rows["bits"], 100 * rows["critical_dropping"], "o-", markersize=3, color=color, label=label)
        grid = np.linspace(0.05, 0.95, 91)
        axes[2].plot(grid, [critical_bits(temperature, each) for each in grid], color=color, label=label)
    axes[1].axhline(0, color="0.4", linewidth=0.8)
    setting = f"λ {correlation:g}, {negatives[0]:g} negatives"
    _describe(axes[1], "bits k", "τ · slope of the loss in B's share", f"B is learned below 0 ({setting})")
    _describe(axes[2], "cross-view correlation λ of B", "knee k* (bits)", "B is learned for fewer bits")
    axes[2].set(ylim=(0, max(20.0, float(table["bits"].max()))))
    axes[2].axvline(correlation, color="0.4", linestyle=":", linewidth=1)
    _describe(axes[3], "bits k", "views that must lose the code (%)", f"to reopen B ({setting})")
    return figure


def _describe(axes: Axes, x: str, y: str, title: str) -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=7.5, framealpha=0.9)


def _residuals(table: TidyTable) -> list[str]:
    bits = np.unique(table["bits"])
    lines = ["loss that a perfect code leaves, in nats", "negatives" + "".join(f"{f'k={k:g}':>7}" for k in bits)]
    for number in np.unique(table["negatives"]):
        rows = table.select(negatives=number)
        left = [rows["residual"][rows["bits"] == k][0] for k in bits]
        lines.append(f"{number:>9g}" + "".join(f"{value:>7.3f}" for value in left))
    return lines


def _knees(table: TidyTable) -> list[str]:
    temperatures = np.unique(table["temperature"])
    lines = ["knee k* in bits", f"{'λ':>9}" + "".join(f"{f'τ={value:g}':>9}" for value in temperatures)]
    for correlation in np.unique(table["correlation"]):
        knees = "".join(f"{critical_bits(value, correlation):>9.1f}" for value in temperatures)
        lines.append(f"{correlation:>9g}{knees}")
    return lines
