"""What the views destroy, how that compares with the linear theory, and where the views act."""

import math
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from viewlearn.evaluation.feature_dropping import FeatureDropping, ViewsEffect, gradient_floor, sphere_threshold
from viewlearn.plots.destruction import Tradeoff, TradeoffPanel, plot_histograms, plot_tradeoff
from viewlearn.plots.figure import GRAY, new_figure, tidy
from viewlearn.report.analysis import FINAL, AnalysisSettings
from viewlearn.report.blocks import Block, Chart, Charts, Command, Details, Gap, Section, Table, Text
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import MissingPart, RunReader
from viewlearn.report.sections.action import action_blocks
from viewlearn.report.sections.checkpoints import checkpoint_blocks, in_order
from viewlearn.report.sections.common import by_data, find_row, identifier, short

Analyses = Mapping[int, FeatureDropping]
MINUTES = 4  # of one core, at most, for a large judge of one task of 32 × 32 pixels


def section(runs: Sequence[RunReader], analyses: Analyses, missing: Mapping[int, str], out: Path) -> Section:
    """Makes one part per data set, and says how to have it in full.

    Args:
        runs: Runs of the report.
        analyses: Their analyses, by the run's index.
        missing: Why a run has none, by its index.
        out: The page, as the command of the full form names it.
    """
    groups, _ = by_data(runs)
    blocks: list[Block] = [Gap(f"{run.name}: {missing[run.index]}") for run in runs if run.index in missing]
    for number, group in enumerate(groups):
        analyzed = [run for run in group if run.index in analyses]
        if analyzed:
            if len(groups) > 1:
                blocks.append(Text(f"On the data of {short(analyzed)}:"))
            blocks += _group(analyzed, analyses, f"{number}")
    full = AnalysisSettings()
    known = [run for group in groups for run in group]
    if any(run.index not in analyses or analyses[run.index].settings != full.of_run(run.folder) for run in known):
        blocks.append(_command(known, out))
    return Section("destruction", "What the views destroy", blocks, "Destruction")


def _command(runs: Sequence[RunReader], out: Path) -> Command:
    sizes = {}
    for run in runs:
        with suppress(MissingPart):
            sizes[run.data_key] = len(run.spec.tasks) * max(1.0, math.prod(run.spec.shape[-2:]) / 32**2)
    minutes = math.ceil(MINUTES * sum(sizes.values()))
    folders = " ".join(shlex.quote(str(run.folder.path)) for run in runs)
    takes = f"about {minutes} minutes of one core, less where its judges are kept already" if minutes else "minutes"
    purpose = f"In full, with larger judges, more samples and earlier checkpoints, at most {takes}:"
    return Command(purpose, f"python -m viewlearn.report {folders} --full true --out {shlex.quote(str(out))}")


def _group(runs: Sequence[RunReader], analyses: Analyses, id: str) -> list[Block]:
    first = analyses[runs[0].index]
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
    gaps = {gap for run in runs for gap in _gaps(run, analyses[run.index])}
    blocks += [Gap(gap) for gap in sorted(gaps)]
    tasks = [task for task in first.judges if any(task in _final(run, analyses).tasks for run in runs)]
    if tasks:
        charts = [_rate_chart(tasks, runs, analyses, id)]
        blocks += [Charts([*charts, *(_histograms(task, runs, analyses, id) for task in tasks)])]
        blocks += checkpoint_blocks(runs, analyses, tasks, id)
        blocks += _tradeoffs(runs, analyses, tasks, id)
    blocks += action_blocks(runs, {run.index: _final(run, analyses).action for run in runs}, id)
    if tasks:
        told = "All rates, the dropout p that would explain them, and how often a pair of views disagrees"
        blocks.append(Details(told, [_rates(runs, analyses)]))
        blocks += _pairs(runs, analyses)
        blocks += _theory(runs, analyses)
    return blocks


def _rate_chart(tasks: Sequence[str], runs: Sequence[RunReader], analyses: Analyses, id: str) -> Chart:
    """Rates of all tasks in rows, the runs of a row one below the other."""
    step = 0.8 / len(runs)
    figure = new_figure(4.6, 0.7 + len(tasks) * (0.25 + 0.18 * len(runs)))
    axes = tidy(figure.subplots())
    axes.grid(visible=False, axis="y")
    told = []
    for place, task in enumerate(tasks):
        for number, run in enumerate(runs):
            if task not in _final(run, analyses).tasks:
                continue
            rate, y = _final(run, analyses).tasks[task].destruction, place + step * (number - (len(runs) - 1) / 2)
            reach = [[100 * (rate.rate - rate.low)], [100 * (rate.high - rate.rate)]]
            bar = axes.barh(y, 100 * rate.rate, 0.8 * step, color=color_of(run.index))[0]
            _, caps, lines = axes.errorbar(100 * rate.rate, y, xerr=reach, fmt="none", ecolor=GRAY, capsize=2)
            for i, part in enumerate((bar, *caps, *lines)):
                part.set_gid(f"run{run.index}-{place}-{i}")
            told.append(f"{task} by {run.name} {100 * rate.rate:.1f} %")
    axes.set_yticks(range(len(tasks)), tasks)
    axes.set_ylim(len(tasks) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("views that destroy the label (%)", fontsize=9)
    axes.tick_params(axis="y", length=0, labelsize=9)
    return Chart(themed_svg(figure, f"rates{id}"), "Labels destroyed", f"labels destroyed: {'; '.join(told)}")


def _gaps(run: RunReader, analysis: FeatureDropping) -> list[str]:
    mine = [f"{run.name}, task {task}: {why}" for task, why in analysis.views[FINAL].gaps.items()]
    return [f"task {task}: {why}" for task, why in analysis.gaps.items()] + mine


def _final(run: RunReader, analyses: Analyses) -> ViewsEffect:
    return analyses[run.index].views[FINAL]


def _rates(runs: Sequence[RunReader], analyses: Analyses) -> Table:
    rows = []
    for run in runs:
        for stage, effect in in_order(analyses[run.index]):
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


def _histograms(task: str, runs: Sequence[RunReader], analyses: Analyses, id: str) -> Chart:
    figure = new_figure(4.6, 3.1)
    shown = {run.name: _final(run, analyses).tasks[task] for run in runs if task in _final(run, analyses).tasks}
    colors = {run.name: color_of(run.index) for run in runs}
    clean = next(iter(shown.values())).clean_histogram
    threshold = analyses[runs[0].index].threshold
    plot_histograms(figure.subplots(), {name: each.histogram for name, each in shown.items()}, clean, threshold, colors)
    told = "; ".join(f"{name} destroys {100 * each.destruction.rate:.1f} %" for name, each in shown.items())
    return Chart(
        themed_svg(figure, f"histogram{id}-{identifier(task)}"),
        f"Confidence in {task} under views",
        f"histograms: {told}",
    )


def _tradeoffs(runs: Sequence[RunReader], analyses: Analyses, tasks: Sequence[str], id: str) -> list[Block]:
    charts = []
    for a in tasks[:3]:
        for b in tasks[:3]:
            points = [point for run in runs if a != b and (point := _point(run, analyses, a, b)) is not None]
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


def _point(run: RunReader, analyses: Analyses, a: str, b: str) -> Tradeoff | None:
    row, tasks = find_row(run, b, "linear"), _final(run, analyses).tasks
    if row is None or a not in tasks:
        return None
    return Tradeoff(run.name, tasks[a].destruction.rate, row.trained.accuracy)


def _pairs(runs: Sequence[RunReader], analyses: Analyses) -> list[Block]:
    rows = []
    for run in runs:
        for pair, kinds in _final(run, analyses).pairs.items():
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
    verdicts = [each["draws"].verdict for run in runs for each in _final(run, analyses).pairs.values()]
    counts = ", ".join(f"{verdict} in {verdicts.count(verdict)}" for verdict in dict.fromkeys(verdicts))
    told = f"Whether views of one sample lose two labels together (φ): {counts} of {len(verdicts)}"
    return [Details(told, [Table(head, rows, caption, left=2)])]


def _theory(runs: Sequence[RunReader], analyses: Analyses) -> list[Block]:
    rows, without = [], []
    for run in runs:
        setting = contrast(run)
        if setting is None:
            without.append(run.name)
            continue
        temperature, num_negatives = setting
        tasks = _final(run, analyses).tasks
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
        roomy = sum(row[-1] == "room" for row in rows)
        told = f"Room beside a shortcut, by the linear model (q against q*): in {roomy} of {len(rows)} cases"
        blocks.append(Details(told, [Table(head, rows, caption, left=3)]))
    if without:
        blocks.append(
            Text(f"The linear model's threshold is for SimCLR's loss; not computed for {', '.join(without)}.")
        )
    return blocks


def contrast(run: RunReader) -> tuple[float, int] | None:
    """Returns temperature and negatives per anchor of a SimCLR run with one process; None for other runs."""
    method, batch_size = run.settings.get("method"), run.settings.get("batch_size")
    if not (isinstance(method, dict) and str(method.get("class_path")).endswith("SimCLR")):
        return None
    temperature = (method.get("init_args") or {}).get("temperature")
    if not (isinstance(temperature, int | float) and isinstance(batch_size, int)):
        return None
    return float(temperature), 2 * batch_size - 2
