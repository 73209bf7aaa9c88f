"""What the encoders learned: each task's accuracy beside what it has to beat."""

from collections.abc import Sequence

from viewlearn.evaluation.results import percent
from viewlearn.plots.figure import GRAY, new_figure, tidy
from viewlearn.report.blocks import Block, Chart, Charts, Gap, Section, Table, Text
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import by_data, find_row, gaps_of, short


def section(runs: Sequence[RunReader]) -> Section:
    """Makes a table and charts for each data set."""
    groups, gaps = by_data(runs)
    blocks: list[Block] = list(gaps)
    for number, group in enumerate(groups):
        rated, unrated = gaps_of(group, "results")
        blocks += unrated
        if len(groups) > 1 and rated:
            blocks.append(Text(f"On the data of {short(rated)}:"))
        blocks += _group(rated, number)
    return Section("tasks", "Tasks", blocks)


def _group(runs: Sequence[RunReader], number: int) -> list[Block]:
    keys = list(dict.fromkeys((row.task, row.probe, row.layer) for run in runs for row in run.results.rows))
    if not keys:
        return [Gap(f"{short(runs)}: the data has no labeled task")] if runs else []
    rows = []
    for task, probe, layer in keys:
        for run in runs:
            row = find_row(run, task, probe, layer)
            if row is not None:
                name = f"{probe}, {layer}" if layer else probe
                cells = (
                    percent(row.trained),
                    percent(row.random),
                    f"{100 * row.majority:.1f}",
                    f"{100 * row.uniform:.1f}",
                )
                rows.append((task, name, run.name, *cells, f"{row.trained.num_train:,}", f"{row.trained.num_test:,}"))
    head = ("task", "probe", "run", "accuracy (%)", "random encoder", "majority", "1/classes", "train", "test")
    table = Table(head, rows, "Accuracy on the test split, with 95 % intervals of that split's size", left=3)
    charts = [_chart(key, runs, f"{number}-{i}") for i, key in enumerate(keys)]
    return [table, Charts(charts, "Bars: 95 % intervals. Gray ticks: an encoder with random weights; dotted: chance.")]


def _chart(key: tuple[str, str, str | None], runs: Sequence[RunReader], id: str) -> Chart:
    task, probe, layer = key
    figure = new_figure(4.4, 0.9 + 0.34 * len(runs))
    axes = tidy(figure.subplots())
    described, names = [], []
    for y, run in enumerate(runs):
        names.append(run.name if len(run.name) < 22 else run.name[:20] + "…")
        row = find_row(run, *key)
        if row is None:
            continue
        score = row.trained
        reach = [[100 * (score.accuracy - score.low)], [100 * (score.high - score.accuracy)]]
        axes.errorbar(100 * score.accuracy, y, xerr=reach, fmt="o", color=color_of(run.index), capsize=3)
        if row.random is not None:
            axes.plot(100 * row.random.accuracy, y, "|", color=GRAY, markersize=14, markeredgewidth=2)
        axes.axvline(100 * row.uniform, color=GRAY, linestyle=":", linewidth=1.2)
        described.append(f"{run.name} {percent(score)}")
    axes.set_yticks(range(len(runs)), names)
    axes.set_ylim(len(runs) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("accuracy (%)", fontsize=9)
    title = f"{task}, {probe} probe" + (f", {layer}" if layer else "")
    return Chart(themed_svg(figure, f"task-{id}"), title, f"{title}: {'; '.join(described)}")
