"""The command ``dose``: the knees of dose curves, predicted before a table's runs are trained and held against them."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from reproduction import Cell, Grid, load_grid
from reproduction.columns import Column

from linear_model.prediction import pairs_of_views
from theory import critical_bits, predict
from theory.plots import new_figure, save_figure
from theory.table import TidyTable
from viewlearn.runs import load_components, make_parser
from viewlearn.runs.build import build
from viewlearn.train import DEFAULTS

PREDICTIONS = Path(__file__).parents[2] / "docs" / "predictions"
DOSE = "k"
COLORS = ("#2b6cb0", "#dd6b20", "#2f855a", "#805ad5", "#c53030")


def run(options: argparse.Namespace) -> None:
    """Writes predictions, or holds them against the runs."""
    load_components()
    root = str(Path(options.root).resolve())
    grid = load_grid(options.table, options.scale, options.seeds or 3, root, options.tables.resolve())
    if not any(DOSE in place for place in grid.places.values()):
        raise ValueError(f"table {grid.name} has no crossed axis {DOSE!r}, so there is no dose to draw curves over")
    path = options.predictions or PREDICTIONS / f"{grid.name}.csv"
    if options.predict:
        table = predictions(grid, measured_correlation(grid, options))
        table.write(path)
        print("\n".join([*_predicted(table), f"→ {path}"]))
        return
    if not path.is_file():
        raise ValueError(f"there are no predictions {path}: write them first, with --predict")
    table = knees(grid, TidyTable.read(path))
    written = options.out / f"dose_{grid.name}.csv"
    table.write(written)
    figure = save_figure(draw(grid, table), options.out / f"dose_{grid.name}.png")
    print("\n".join([*_compared(table), f"→ {written}", f"→ {figure}"]))


def measured_correlation(grid: Grid, options: argparse.Namespace) -> float:
    """Returns the mean λ along the between-class directions of the first task, of views without a shortcut."""
    if options.correlation is not None:
        return options.correlation
    cell = next(cell for cell in grid.cells if grid.places.get(cell.row, {}).get(DOSE) == "0")
    parser = make_parser(defaults=DEFAULTS)
    parts = build(parser, parser.parse(cell.flags))
    x1, x2, labels = pairs_of_views(parts, options.pairs, seed=0)
    task = grid.tasks[0]
    found = predict(x1, x2, {task: labels[task]}, dim=128, temperature=0.2, components=options.components)
    return found.tasks[task].mean_correlation


def predictions(grid: Grid, correlation: float) -> TidyTable:
    """Predicts the knee of every combination of the other axes.

    Columns: ``curve`` names the combination; ``critical_bits`` is k* of the cosine loss; ``batch_bits`` is log₂ of the
    number of candidates, where the code alone has solved the batch; ``width`` is m, at which the dot-product model
    loses the feature; ``knee`` is the smaller of the first two.
    """
    rows = []
    for curve, cells in curves(grid).items():
        setting = dict(pairwise(cells[0].flags))
        temperature, width = float(setting["--method.temperature"]), int(setting["--method.dim"])
        negatives = 2 * int(setting["--batch_size"]) - 2
        bits, batch = critical_bits(temperature, correlation), float(np.log2(negatives + 1))
        rows.append((curve, temperature, negatives, width, correlation, bits, batch, min(bits, batch)))
    names = ("curve", "temperature", "negatives", "width", "correlation", "critical_bits", "batch_bits", "knee")
    return TidyTable(dict(zip(names, zip(*rows, strict=True), strict=True)))


def curves(grid: Grid) -> dict[str, list[Cell]]:
    """The runs of every dose curve, by the levels of the other axes: ``τ 0.2, N 256, m 128``."""
    found: dict[str, list[Cell]] = {}
    for cell in grid.cells:
        place = grid.places.get(cell.row, {})
        if DOSE in place:
            name = ", ".join(f"{axis} {level}" for axis, level in place.items() if axis != DOSE)
            found.setdefault(name, []).append(cell)
    return found


def accuracies(grid: Grid, cells: Sequence[Cell], task: str) -> dict[float, list[float]]:
    """The accuracies of the runs that are done at each dose, ascending."""
    column = Column(task, None, task, grid.probe)
    found: dict[float, list[float]] = {}
    for cell in cells:
        value = column.value(cell) if cell.done else None
        if value is not None:
            found.setdefault(float(grid.places[cell.row][DOSE]), []).append(value)
    return dict(sorted(found.items()))


def measured_knee(curve: Mapping[float, Sequence[float]]) -> float:
    """Returns the dose at which the mean accuracy is half-way from that without a shortcut to that at the largest dose.

    It is interpolated; NaN where there are fewer than two doses, or where nothing falls.
    """
    doses, means = list(curve), [float(np.mean(values)) for values in curve.values()]
    if len(doses) < 2 or doses[0] != 0 or means[0] <= means[-1]:
        return float("nan")
    half = (means[0] + means[-1]) / 2
    for (low, above), (high, below) in pairwise(zip(doses, means, strict=True)):
        if above > half >= below:
            return low + (high - low) * (above - half) / (above - below)
    return float("nan")


def knees(grid: Grid, predicted: TidyTable) -> TidyTable:
    """Puts the measured knees, and their errors in bits, beside the predictions of the curves that the table has."""
    runs = curves(grid)
    unknown = next((str(name) for name in predicted["curve"] if name not in runs), None)
    if unknown is not None:
        raise ValueError(f"the predictions have a curve {unknown!r}; table {grid.name} has: {'; '.join(runs)}")
    measured = np.array(
        [measured_knee(accuracies(grid, runs[str(name)], grid.tasks[0])) for name in predicted["curve"]]
    )
    return TidyTable({**predicted.columns, "measured": measured, "error": measured - predicted["knee"]})


def explained(measured: np.ndarray, predicted: np.ndarray) -> float:
    """Returns the part of the knees' variance that a law explains, 1 − Σ(measured − predicted)²/Σ(measured − mean)²."""
    return float(1 - ((measured - predicted) ** 2).sum() / ((measured - measured.mean()) ** 2).sum())


def draw(grid: Grid, table: TidyTable) -> Figure:
    """Draws the dose curves that have runs, a panel for each batch and width, with predicted and measured knees.

    Raises:
        ValueError: No run is done.
    """
    runs = curves(grid)
    begun = [bool(accuracies(grid, runs[str(name)], grid.tasks[0])) for name in table["curve"]]
    table = table.where(np.array(begun))
    panels = sorted({(int(n), int(m)) for n, m in zip(table["negatives"], table["width"], strict=True)})
    if not panels:
        raise ValueError(f"no run of table {grid.name} is done")
    temperatures = np.unique(table["temperature"]).tolist()
    figure, axes = new_figure(columns=len(panels), width=4.0)
    for ax, (negatives, width) in zip(axes, panels, strict=True):
        part = table.select(negatives=negatives, width=width)
        for name, temperature, knee in zip(part["curve"], part["temperature"], part["knee"], strict=True):
            color = COLORS[temperatures.index(temperature) % len(COLORS)]
            curve = accuracies(grid, runs[str(name)], grid.tasks[0])
            ax.axvline(knee, color=color, linestyle=":", linewidth=1.6)
            if curve:
                mean, low, high = ([100 * f(v) for v in curve.values()] for f in (np.mean, min, max))
                ax.fill_between(list(curve), low, high, color=color, alpha=0.18, linewidth=0)
                ax.plot(list(curve), mean, "o-", color=color, markersize=3.5, label=f"τ {temperature:g}")
                half = measured_knee(curve)
                ax.plot(
                    half,
                    np.interp(half, list(curve), np.asarray(mean, float)),
                    "v",
                    color=color,
                    markersize=9,
                    markeredgecolor="black",
                )
        ax.set(xlabel="random bits k", ylabel=f"{grid.tasks[0]} accuracy (%)")
        ax.set_title(f"batch of {negatives // 2 + 1}, width {width}\ndotted: predicted knees, ▼ measured", fontsize=9)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(fontsize=8)
    return figure


def _predicted(table: TidyTable) -> list[str]:
    lines = [f"λ = {table['correlation'][0]:.3f}", f"{'curve':<28}{'k*':>7}{'log₂ N':>8}{'knee':>7}"]
    for name, bits, batch, knee in zip(
        *(table[c] for c in ("curve", "critical_bits", "batch_bits", "knee")), strict=True
    ):
        lines.append(f"{name:<28}{bits:>7.1f}{batch:>8.1f}{knee:>7.1f}")
    return lines


def _compared(table: TidyTable) -> list[str]:
    lines = [f"{'curve':<28}{'predicted':>10}{'measured':>10}{'error':>7}"]
    for name, knee, measured, error in zip(*(table[c] for c in ("curve", "knee", "measured", "error")), strict=True):
        lines.append(f"{name:<28}{knee:>10.1f}{measured:>10.1f}{error:>+7.1f}")
    known = table.where(np.isfinite(table["measured"]))
    if len(known) > 1:
        within = int((np.abs(known["error"]) <= 1.5).sum())
        lines.append(f"within 1.5 bits: {within} of {len(known)}")
        laws = {"smaller of both": "knee", "k*": "critical_bits", "log₂ N": "batch_bits", "dot product, m": "width"}
        for law, column in laws.items():
            part = explained(known["measured"], known[column])
            off = float(np.abs(known["measured"] - known[column]).mean())
            lines.append(f"{law:<16} mean error {off:5.1f} bits, variance explained {part:6.2f}")
    return lines
