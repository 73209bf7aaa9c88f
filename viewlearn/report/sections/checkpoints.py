"""How learned views change while the encoder learns: what they destroy at each kept checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from matplotlib.ticker import MaxNLocator

from viewlearn.evaluation.feature_dropping import FeatureDropping, ViewsEffect
from viewlearn.plots.figure import new_figure, tidy
from viewlearn.report.analysis import STEP
from viewlearn.report.blocks import Block, Chart, Charts
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import RunReader
from viewlearn.report.sections.common import gaps_of, identifier

Point = tuple[float, float, float]  # a value and its interval


def in_order(analysis: FeatureDropping) -> list[tuple[str, ViewsEffect]]:
    """Returns (name, effect of the views) of the points in training, first to last."""
    return sorted(analysis.views.items(), key=lambda item: _step(item[0]) or float("inf"))


def checkpoint_blocks(
    runs: Sequence[RunReader], analyses: Mapping[int, FeatureDropping], tasks: Sequence[str], id: str
) -> list[Block]:
    """Draws a chart per task, and one of where the views act, over the steps of runs that keep earlier checkpoints."""
    runs, _ = gaps_of((run for run in runs if len(analyses[run.index].views) > 1), "num_steps")
    charts = []
    for task in tasks:
        title, name = f"Destruction of {task} while training", f"target{id}-{identifier(task)}"
        charts.append(_chart(runs, analyses, partial(_rate, task), title, "labels destroyed (%)", name))
    unit = "correlation of |change| and opacity"
    charts.append(_chart(runs, analyses, _on_overlay, "Change on the overlay while training", unit, f"target{id}"))
    charts = [chart for chart in charts if chart is not None]
    caption = (
        "The views of each analyzed checkpoint on test samples, bars: 95 % intervals; checkpoints before the last are "
        "looked at with fewer samples. Training keeps as many as its keep_checkpoints says."
    )
    return [Charts(charts, caption)] if charts else []


def _step(stage: str) -> int | None:
    return int(stage.removeprefix(STEP)) if stage.startswith(STEP) else None


def _rate(task: str, effect: ViewsEffect) -> Point | None:
    if task not in effect.tasks:
        return None
    rate = effect.tasks[task].destruction
    return 100 * rate.rate, 100 * rate.low, 100 * rate.high


def _on_overlay(effect: ViewsEffect) -> Point | None:
    value = None if effect.action is None else effect.action.overlay
    return None if value is None else (value, value, value)


def _chart(
    runs: Sequence[RunReader],
    analyses: Mapping[int, FeatureDropping],
    point: Callable[[ViewsEffect], Point | None],
    title: str,
    unit: str,
    id: str,
) -> Chart | None:
    figure = new_figure(4.4, 2.9)
    axes = tidy(figure.subplots())
    told = []
    for run in runs:
        stages = [
            (run.num_steps if (step := _step(stage)) is None else step, value)
            for stage, effect in in_order(analyses[run.index])
            if (value := point(effect)) is not None
        ]
        if len(stages) < 2:
            continue
        steps = [step for step, _ in stages]
        values = [value for _, (value, _, _) in stages]
        reach = [[value - low for _, (value, low, _) in stages], [high - value for _, (value, _, high) in stages]]
        color, gid = color_of(run.index), f"run{run.index}-"
        line, _, bars = axes.errorbar(steps, values, yerr=reach, color=color, marker="o", markersize=4)
        for i, part in enumerate((line, *bars)):
            part.set_gid(f"{gid}{i}")
        told.append(f"{run.name} " + ", ".join(f"{value:.3g} at step {step}" for step, (value, _, _) in stages))
    if not told:
        return None
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("training step", fontsize=9)
    axes.set_ylabel(unit, fontsize=9)
    return Chart(themed_svg(figure, id), title, f"{title}: {'; '.join(told)}")
