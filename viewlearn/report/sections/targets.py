"""How the target of learned views moves while the encoder learns: what they destroy at each kept checkpoint."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.ticker import MaxNLocator

from viewlearn.evaluation.feature_dropping import FeatureDropping, ViewsEffect
from viewlearn.plots.figure import new_figure, tidy
from viewlearn.report.analysis import FINAL, STEP
from viewlearn.report.blocks import Block, Chart, Charts
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.reader import Missing, OpenedRun
from viewlearn.report.sections.common import identifier

Point = tuple[float, float, float]  # a value and its interval


def in_order(found: FeatureDropping) -> list[tuple[str, ViewsEffect]]:
    """(name, effect of the views) of the points in training, first to last."""
    return sorted(found.views.items(), key=lambda item: _step(item[0]) or float("inf"))


def training_blocks(
    runs: Sequence[OpenedRun], found: Mapping[int, FeatureDropping], tasks: Sequence[str], id: str
) -> list[Block]:
    """One chart per task, and one of where the views act, over the steps of runs that keep earlier checkpoints."""
    runs = [run for run in runs if len(found[run.index].views) > 1 and _last(run) is not None]
    charts = [
        _chart(runs, found, lambda each, task=task: _rate(each, task), f"Destruction of {task} while training",
               "labels destroyed (%)", f"target{id}-{identifier(task)}")
        for task in tasks
    ]  # fmt: skip
    charts.append(
        _chart(runs, found, _on_overlay, "Change on the overlay while training", "correlation of |change| and opacity",
               f"target{id}")
    )  # fmt: skip
    charts = [chart for chart in charts if chart is not None]
    caption = (
        "The views of each analyzed checkpoint on test samples, bars: 95 % intervals; checkpoints before the last are "
        "looked at with fewer samples. Training keeps as many as its keep_checkpoints says."
    )
    return [Charts(charts, caption)] if charts else []


def _step(stage: str) -> int | None:
    return int(stage.removeprefix(STEP)) if stage.startswith(STEP) else None


def _last(run: OpenedRun) -> int | None:
    """The step at which training ended."""
    try:
        return int(run.folder.load_compute()["steps"])
    except (Missing, KeyError, TypeError, ValueError):
        return None


def _rate(effect: ViewsEffect, task: str) -> Point | None:
    if task not in effect.tasks:
        return None
    rate = effect.tasks[task].destruction
    return 100 * rate.rate, 100 * rate.low, 100 * rate.high


def _on_overlay(effect: ViewsEffect) -> Point | None:
    value = None if effect.action is None else effect.action.overlay
    return None if value is None else (value, value, value)


def _chart(
    runs: Sequence[OpenedRun],
    found: Mapping[int, FeatureDropping],
    point: Callable[[ViewsEffect], Point | None],
    title: str,
    unit: str,
    id: str,
) -> Chart | None:
    figure = new_figure(4.4, 2.9)
    axes = tidy(figure.subplots())
    told = []
    for run in runs:
        stages = [(_last(run) if stage == FINAL else _step(stage), point(each))
                  for stage, each in in_order(found[run.index])]  # fmt: skip
        stages = [(step, value) for step, value in stages if value is not None]
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
