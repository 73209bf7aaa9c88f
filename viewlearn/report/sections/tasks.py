"""What the encoders learned: each task's accuracy beside what it has to beat."""

from collections.abc import Mapping, Sequence

from viewlearn.evaluation.feature_dropping import FeatureDropping
from viewlearn.evaluation.results import percent
from viewlearn.evaluation.score import Difference
from viewlearn.plots.figure import GRAY, new_figure, tidy
from viewlearn.report.blocks import Block, Chart, Charts, Details, Gap, Section, Signed, Table, Text
from viewlearn.report.findings import signed, verdict
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import by_data, find_row, gaps_of, short

Key = tuple[str, str, str | None]  # task, probe, layer


def section(runs: Sequence[RunReader], analyses: Mapping[int, FeatureDropping]) -> Section:
    """Makes one chart and tables for each data set.

    Args:
        runs: Runs of the report.
        analyses: What their views destroy, by the run's index; its judges tell what labels reach.
    """
    groups, gaps = by_data(runs)
    blocks: list[Block] = list(gaps)
    charts, tables = [], []
    for number, group in enumerate(groups):
        rated, unrated = gaps_of(group, "results")
        blocks += unrated
        keys = list(dict.fromkeys((row.task, row.probe, row.layer) for run in rated for row in run.results.rows))
        if not rated:
            continue
        if not keys:
            blocks.append(Gap(f"{short(rated)}: the data has no labeled task"))
            continue
        title = "Accuracy on the test split" if len(groups) == 1 else f"On the data of {short(rated)}"
        charts.append(_chart(keys, rated, analyses, title, str(number)))
        if len(groups) > 1:
            tables.append(Text(f"On the data of {short(rated)}:"))
        tables += _tables(keys, rated)
    if charts:
        told = (
            "Dots: trained encoders with 95 % intervals; gray ticks: the same encoders untrained; dotted: chance; "
            "triangles: small networks trained on the labels, where the views were judged by such."
        )
        blocks += [Charts(charts, told, wide=True), *tables]
    return Section("tasks", "Tasks", blocks)


def _tables(keys: Sequence[Key], runs: Sequence[RunReader]) -> list[Block]:
    rows = []
    for key in keys:
        rows.append((key[0], _probe(key), *(_cell(run, key) for run in runs)))
    head = ("task", "probe", *(run.name for run in runs))
    caption = "Accuracy (%), and its difference from the untrained encoder in points, with 95 % intervals"
    return [
        Table(head, rows, caption, left=2),
        Details("All numbers: intervals, guessing, and how many samples there are", [_numbers(keys, runs)]),
    ]


def _cell(run: RunReader, key: Key) -> str | Signed:
    row = find_row(run, *key)
    if row is None:
        return "—"
    accuracy = f"{100 * row.trained.accuracy:.1f}"
    if row.random is None:
        return accuracy
    difference = Difference.of(row.trained, row.random)
    return Signed(accuracy, signed(difference), verdict(difference))


def _numbers(keys: Sequence[Key], runs: Sequence[RunReader]) -> Table:
    rows = []
    for key in keys:
        for run in runs:
            row = find_row(run, *key)
            if row is not None:
                cells = (
                    percent(row.trained),
                    percent(row.random),
                    f"{100 * row.majority:.1f}",
                    f"{100 * row.uniform:.1f}",
                )
                numbers = (f"{row.trained.num_train:,}", f"{row.trained.num_test:,}")
                rows.append((key[0], _probe(key), run.name, *cells, *numbers))
    head = ("task", "probe", "run", "accuracy (%)", "random encoder", "majority", "1/classes", "train", "test")
    return Table(head, rows, "Accuracy on the test split, with 95 % intervals of that split's size", left=3)


def _probe(key: Key) -> str:
    return f"{key[1]}, {key[2]}" if key[2] else key[1]


def _chart(
    keys: Sequence[Key], runs: Sequence[RunReader], analyses: Mapping[int, FeatureDropping], title: str, id: str
) -> Chart:
    """All tasks in rows on one axis from 0 to 100, the runs of a row one below the other."""
    step = 0.8 / len(runs)
    figure = new_figure(4.8, 0.7 + len(keys) * (0.22 + 0.15 * len(runs)))
    axes = tidy(figure.subplots())
    axes.grid(visible=False, axis="y")
    described = []
    for place, key in enumerate(keys):
        chance = None
        for number, run in enumerate(runs):
            row = find_row(run, *key)
            if row is None:
                continue
            score, y = row.trained, place + step * (number - (len(runs) - 1) / 2)
            reach = [[100 * (score.accuracy - score.low)], [100 * (score.high - score.accuracy)]]
            gid, color = f"run{run.index}-{place}", color_of(run.index)
            dot, _, bars = axes.errorbar(100 * score.accuracy, y, xerr=reach, fmt="o", markersize=4.5, color=color)
            marks = [dot, *bars]
            if row.random is not None:
                marks += axes.plot(100 * row.random.accuracy, y, "|", color=GRAY, markersize=9, markeredgewidth=2)
            judge = analyses[run.index].judges.get(key[0]) if run.index in analyses else None
            if judge is not None:
                marks += axes.plot(100 * judge.accuracy, y, ">", color=GRAY, markersize=4)
            for i, mark in enumerate(marks):
                mark.set_gid(f"{gid}-{i}")
            chance = 100 * row.uniform
            described.append(f"{key[0]}, {_probe(key)}: {run.name} {percent(score)}")
        if chance is not None:
            axes.plot([chance, chance], [place - 0.45, place + 0.45], color=GRAY, linestyle=":", linewidth=1.2)
    axes.set_yticks(range(len(keys)), [f"{key[0]}, {_probe(key)}" for key in keys])
    axes.set_ylim(len(keys) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy (%)", fontsize=9)
    axes.tick_params(axis="y", length=0, labelsize=9)
    return Chart(themed_svg(figure, f"tasks-{id}"), title, f"{title}: {'; '.join(described)}")
