"""What the views destroy, how that compares with the linear theory, and where the views act."""

from collections.abc import Mapping, Sequence

from viewlearn.evaluation.feature_dropping import FeatureDropping, ViewsEffect, gradient_floor, sphere_threshold
from viewlearn.plots.destruction import Tradeoff, TradeoffPanel, plot_histograms, plot_tradeoff
from viewlearn.plots.figure import new_figure
from viewlearn.report.analysis import FINAL
from viewlearn.report.blocks import Block, Chart, Charts, Gap, Section, Table, Text
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.reader import Missing, OpenedRun
from viewlearn.report.sections.action import action_blocks
from viewlearn.report.sections.common import by_data, identifier, short
from viewlearn.report.sections.targets import in_order, training_blocks

Found = Mapping[int, FeatureDropping]


def section(runs: Sequence[OpenedRun], found: Found, missing: Mapping[int, str]) -> Section:
    """One part per data set.

    Args:
        runs: of the report.
        found: the analysis, by the run's index.
        missing: why there is none.
    """
    groups, _ = by_data(runs)
    blocks: list[Block] = [Gap(f"{run.name}: {missing[run.index]}") for run in runs if run.index in missing]
    for number, group in enumerate(groups):
        analyzed = [run for run in group if run.index in found]
        if analyzed:
            if len(groups) > 1:
                blocks.append(Text(f"On the data of {short(analyzed)}:"))
            blocks += _group(analyzed, found, f"{number}")
    return Section("destruction", "What the views destroy", blocks)


def _group(runs: Sequence[OpenedRun], found: Found, id: str) -> list[Block]:
    first = found[runs[0].index]
    judges = ", ".join(
        f"{task} {100 * score.accuracy:.1f} % of {score.num_test:,}" for task, score in first.judges.items()
    )
    size = max((score.num_train for score in first.judges.values()), default=0)
    blocks: list[Block] = [
        Text(
            "Each task is judged by a classifier of its own that was trained on clean inputs, "
            f"{size:,} at most (accuracy on clean test samples: {judges or 'no judge'}). {first.num_samples:,} test "
            f"samples, {first.num_draws} views of each; a label counts as destroyed where the correct class's "
            f"probability falls below {first.threshold:g}, among samples that had at least that when clean."
        )
    ]
    gaps = {gap for run in runs for gap in _gaps(run, found[run.index])}
    blocks += [Gap(gap) for gap in sorted(gaps)]
    tasks = [task for task in first.judges if any(task in _final(run, found).tasks for run in runs)]
    if tasks:
        blocks += [_rates(runs, found), Charts([_histograms(task, runs, found, id) for task in tasks])]
        blocks += training_blocks(runs, found, tasks, id)
        blocks += _tradeoffs(runs, found, tasks, id)
        blocks += _pairs(runs, found)
        blocks += _theory(runs, found)
    return blocks + action_blocks(runs, {run.index: _final(run, found).action for run in runs}, id)


def _gaps(run: OpenedRun, found: FeatureDropping) -> list[str]:
    mine = [f"{run.name}, task {task}: {why}" for task, why in found.views[FINAL].gaps.items()]
    return [f"task {task}: {why}" for task, why in found.gaps.items()] + mine


def _final(run: OpenedRun, found: Found) -> ViewsEffect:
    return found[run.index].views[FINAL]


def _rates(runs: Sequence[OpenedRun], found: Found) -> Table:
    rows = []
    for run in runs:
        for stage, effect in in_order(found[run.index]):
            for task, dropping in effect.tasks.items():
                rate = dropping.destruction
                name = run.name if stage == FINAL else f"{run.name}, at {stage}"
                again = "—" if rate.stochastic is None else f"{100 * rate.stochastic:.0f} %"
                interval = f"{100 * rate.rate:.1f} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
                known = f"{rate.num_known:,} of {rate.num_samples:,}"
                rows.append(
                    (name, task, interval, again, f"{dropping.dropout:.3f}", f"{dropping.disagreement:.3f}", known)
                )
    head = (
        "views of",
        "task",
        "labels destroyed (%)",
        "decided anew per view",
        "dropout p",
        "disagreement q",
        "known samples",
    )
    caption = (
        "How often each label is destroyed, with 95 % intervals. p: the chance of redrawing the label that would "
        "explain it; q: measured chance that it is lost in at least one of two views"
    )
    return Table(head, rows, caption, left=2)


def _histograms(task: str, runs: Sequence[OpenedRun], found: Found, id: str) -> Chart:
    figure = new_figure(4.6, 3.1)
    shown = {run.name: _final(run, found).tasks[task] for run in runs if task in _final(run, found).tasks}
    colors = {run.name: color_of(run.index) for run in runs}
    clean = next(iter(shown.values())).clean_histogram
    threshold = found[runs[0].index].threshold
    plot_histograms(figure.subplots(), {name: each.histogram for name, each in shown.items()}, clean, threshold, colors)
    told = "; ".join(f"{name} destroys {100 * each.destruction.rate:.1f} %" for name, each in shown.items())
    return Chart(
        themed_svg(figure, f"histogram{id}-{identifier(task)}"),
        f"Confidence in {task} under views",
        f"histograms: {told}",
    )


def _tradeoffs(runs: Sequence[OpenedRun], found: Found, tasks: Sequence[str], id: str) -> list[Block]:
    charts = []
    for a in tasks[:3]:
        for b in tasks[:3]:
            points = [point for run in runs if a != b and (point := _point(run, found, a, b)) is not None]
            if len(points) > 1:
                figure = new_figure(4.6, 3.3)
                axes = figure.subplots()
                plot_tradeoff(axes, TradeoffPanel((a, b), points))
                axes.legend(fontsize=8, frameon=False)
                told = "; ".join(f"{p.name} {100 * p.destruction:.0f} %, {100 * p.accuracy:.1f} %" for p in points)
                title = f"Accuracy on {b} against destruction of {a}"
                charts.append(
                    Chart(
                        themed_svg(figure, f"tradeoff{id}-{identifier(a)}-{identifier(b)}"), title, f"{title}: {told}"
                    )
                )
    return [Charts(charts, "Accuracy of the linear probe on the test split.")] if charts else []


def _point(run: OpenedRun, found: Found, a: str, b: str) -> Tradeoff | None:
    try:
        accuracy = run.results.row(b, "linear").trained.accuracy
        return Tradeoff(run.name, _final(run, found).tasks[a].destruction.rate, accuracy)
    except (Missing, ValueError, KeyError):
        return None


def _pairs(runs: Sequence[OpenedRun], found: Found) -> list[Block]:
    rows = []
    for run in runs:
        for pair, kinds in _final(run, found).pairs.items():
            over, within = kinds["samples"], kinds["draws"]
            rows.append(
                (
                    run.name,
                    pair,
                    f"{100 * over.both:.1f}",
                    f"{100 * over.expected:.1f}",
                    f"{over.phi:+.2f}",
                    f"{over.information:.4f} ({over.null:.4f})",
                    f"{over.verdict}, p {over.p_value:.3f}",
                    f"{within.verdict}, p {within.p_value:.3f}",
                )
            )
    if not rows:
        return []
    head = (
        "views of", "tasks", "both destroyed (%)", "if independent (%)", "φ", "information (null), bits",
        "over samples and views", "between views of one sample",
    )  # fmt: skip
    caption = "Do labels go together? p-values from shuffling samples, and from shuffling each sample's views"
    return [Table(head, rows, caption, left=2)]


def _theory(runs: Sequence[OpenedRun], found: Found) -> list[Block]:
    rows, without = [], []
    for run in runs:
        setting = contrast(run)
        if setting is None:
            without.append(run.name)
            continue
        temperature, num_negatives = setting
        tasks = _final(run, found).tasks
        for shortcut, lost in tasks.items():
            for feature, dropping in tasks.items():
                if shortcut != feature:
                    needed = sphere_threshold(temperature, num_negatives, dropping.num_classes)
                    floor = gradient_floor(1 / temperature, num_negatives, lost.disagreement)
                    room = "room" if lost.disagreement > needed else "pushed out"
                    rows.append(
                        (run.name, shortcut, feature, f"{lost.disagreement:.3f}", f"{floor:.3f}", f"{needed:.2g}", room)
                    )
    blocks: list[Block] = []
    if rows:
        head = (
            "views of",
            "shortcut",
            "feature",
            "q of the shortcut",
            "gradient left",
            "threshold q*",
            "the feature has",
        )
        caption = (
            "If a task's feature told every sample apart (a shortcut), what would the other's get? Of its gradient at "
            "least q; on the unit sphere there is room for it above q*, at the run's temperature and batch size"
        )
        blocks.append(Table(head, rows, caption, left=3))
    if without:
        blocks.append(
            Text(f"The linear model's threshold is for SimCLR's loss; not computed for {', '.join(without)}.")
        )
    return blocks


def contrast(run: OpenedRun) -> tuple[float, int] | None:
    """Temperature and negatives per anchor of a SimCLR run with one process; None for others."""
    try:
        method = run.settings["method"]
        if not method["class_path"].endswith("SimCLR"):
            return None
        return float(method["init_args"]["temperature"]), 2 * int(run.settings["batch_size"]) - 2
    except (Missing, KeyError, TypeError):
        return None
