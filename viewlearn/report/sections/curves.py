"""How training went: every logged metric over the steps, all runs in one chart."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from viewlearn.plots.curves import DENSE, smooth
from viewlearn.plots.figure import GRAY, new_figure, tidy
from viewlearn.report.blocks import Chart, Charts, Section
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import MissingPart, RunReader
from viewlearn.report.sections.common import gaps_of, identifier

SKIPPED = ("step", "epoch")
KNN = (
    " Losses are of training batches. kNN while training asks at most 1,000 validation samples (or held-out training "
    "samples, where there are none) among at most 2,000 training samples, so that nothing decided by these curves has "
    "seen the test split. The accuracies under Tasks are of the finished encoder, of all training samples and on the "
    "test split: they differ."
)
FEATURES = {
    "features/rankme": "Directions that features fill (RankMe)",
    "features/lidar": "Directions that tell samples apart (LiDAR)",
    "features/alpha": "Exponent of the features' spectrum (α-ReQ)",
    "features/alignment": "Squared distance of two views' features",
    "features/uniformity": "Uniformity of features on the sphere",
    "features/spread": "Part of the features' mean square that varies",
}


def section(runs: Sequence[RunReader]) -> Section:
    """Makes one chart per metric, loss first."""
    logged, gaps = gaps_of(runs, "metrics")
    names = list(dict.fromkeys(name for run in logged for row in run.metrics for name in row))
    names = [name for name in names if name not in SKIPPED]
    names.sort(key=lambda name: (_rank(name), name))
    charts = [_chart(name, logged) for name in names]
    caption = f"Faint: each logged value; bold: a running mean, where there are more than {DENSE}." if charts else ""
    if any(name.startswith("knn/") for name in names):
        caption += KNN
    return Section("curves", "Training", [*gaps, Charts([chart for chart in charts if chart], caption)])


def _rank(name: str) -> int:
    order = ("loss", "knn/", "linear/", "features/", "predicted/", "alignment")
    known = next((i for i, start in enumerate(order) if name.startswith(start)), len(order))
    return 9 if name == "lr" or name.endswith("_lr") else known


def _chart(name: str, runs: Sequence[RunReader]) -> Chart | None:
    title, unit, factor = _title(name)
    figure = new_figure(4.4, 2.9)
    axes = tidy(figure.subplots())
    ends = []
    for run in runs:
        points = [(row["step"], factor * row[name]) for row in run.metrics if isinstance(row.get(name), int | float)]
        if not points:
            continue
        steps, values = zip(*points, strict=True)
        ends.append(f"{run.name} {values[-1]:.4g}")
        color, gid = color_of(run.index), f"run{run.index}"
        dense = len(values) > DENSE
        axes.plot(
            steps, values, color=color, linewidth=0.8 if dense else 1.6, alpha=0.3 if dense else 1, gid=f"{gid}-a"
        )
        if dense:
            axes.plot(steps, smooth(values, len(values) // 40), color=color, linewidth=1.6, gid=f"{gid}-b")
        elif len(values) < 20:
            axes.plot(steps, values, "o", color=color, markersize=3, gid=f"{gid}-c")
    if not ends:
        return None
    _plot_chance(axes, name, runs)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("training step", fontsize=9)
    axes.set_ylabel(unit, fontsize=9)
    if name == "lr" or name.endswith("_lr"):
        axes.set_ylim(bottom=0)
    return Chart(
        themed_svg(figure, f"curve-{identifier(name)}"),
        title,
        f"{title} over training steps; at the end: {', '.join(ends)}",
    )


def _plot_chance(axes: Axes, name: str, runs: Sequence[RunReader]) -> None:
    if not name.startswith(("knn/", "linear/")):
        return
    task = name.partition("/")[2]
    for run in runs:
        try:
            classes = run.spec.tasks.get(task)
        except MissingPart:
            continue
        if classes:
            axes.axhline(100 / len(classes), color=GRAY, linestyle=":", linewidth=1.2)
            axes.set_ylim(bottom=0)
            return


def _title(name: str) -> tuple[str, str, float]:
    """Title, unit and factor of a metric."""
    if name.startswith("knn/"):
        return f"kNN accuracy while training: {name.removeprefix('knn/')} (dotted: chance)", "accuracy (%)", 100
    if name.startswith("linear/"):
        return f"Linear accuracy while training: {name.removeprefix('linear/')} (dotted: chance)", "accuracy (%)", 100
    if name.startswith("predicted/"):
        return f"What is predicted of views: {name.removeprefix('predicted/')}", "accuracy (%)", 100
    if name in FEATURES:
        return FEATURES[name], "value", 1
    if name.startswith("loss"):
        return "Training loss" + name.removeprefix("loss").replace("/", ": "), "loss (nats)", 1
    if name == "alignment":
        return "Alignment of the two views", "cosine similarity", 1
    if name == "found":
        return "Views that find their partner", "found (%)", 100
    if name == "lr":
        return "Learning rate of encoder and heads", "learning rate", 1
    if name.endswith("_lr"):
        return f"Learning rate of the {name.removesuffix('_lr')}", "learning rate", 1
    entry, _, kind = name.rpartition("/")
    if kind in ("mean", "max"):
        return f"Distortion by {entry}: {kind} over pixels or bins", "|view − original|", 1
    if entry:
        return f"Learned view {entry}: {kind}", "in the view's own unit", 1
    return name, "value", 1
