"""How fast the runs were, and how much memory they took."""

from collections.abc import Sequence
from statistics import quantiles

from viewlearn.plots.figure import new_figure, tidy
from viewlearn.report.blocks import Block, Chart, Charts, Section, Table
from viewlearn.report.media import themed_svg
from viewlearn.report.page import color_of
from viewlearn.report.run_reader import MissingPart, RunReader
from viewlearn.report.sections.common import gaps_of


def section(runs: Sequence[RunReader]) -> Section:
    """Makes a table, and a chart of speed over the steps."""
    timed, gaps = gaps_of(runs, "timings")
    rows = [_row(run) for run in timed]
    head = ("run", "samples/s, median", "quartiles", "training time", "peak memory", "device")
    blocks: list[Block] = [*gaps]
    if rows:
        caption = "Speed of training; time is that of the logged steps, without evaluation"
        blocks += [Table(head, rows, caption), Charts([_chart(timed)])]
    return Section("timings", "Speed and memory", blocks, "Speed")


def _row(run: RunReader) -> tuple[str, ...]:
    speeds = [row["samples_per_second"] for row in run.timings]
    low, median, high = quantiles(speeds, n=4) if len(speeds) > 1 else speeds * 3
    memory = [row["peak_memory_gib"] for row in run.timings if "peak_memory_gib" in row]
    used = f"{max(memory):.2f} GiB" if memory else "not recorded on CPUs"
    try:
        device = str(run.results.info.get("device", "—"))
    except MissingPart:
        device = "—"
    return run.name, f"{median:,.0f}", f"{low:,.0f} – {high:,.0f}", _training_time(run), used, device


def _training_time(run: RunReader) -> str:
    try:
        batch_size, accumulate = run.settings.get("batch_size"), run.settings.get("accumulate", 1)
    except MissingPart:
        return "—"
    if not (isinstance(batch_size, int) and isinstance(accumulate, int)):
        return "—"
    seconds, before = 0.0, 0
    for row in run.timings:
        seconds += (row["step"] - before) * batch_size * accumulate / row["samples_per_second"]
        before = row["step"]
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _chart(runs: Sequence[RunReader]) -> Chart:
    figure = new_figure(4.4, 2.7)
    axes = tidy(figure.subplots())
    for run in runs:
        speeds = [row["samples_per_second"] for row in run.timings]
        axes.plot([row["step"] for row in run.timings], speeds, color=color_of(run.index), gid=f"run{run.index}-a")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("training step", fontsize=9)
    axes.set_ylabel("samples per second", fontsize=9)
    return Chart(themed_svg(figure, "speed"), "Speed while training", "samples per second over training steps")
