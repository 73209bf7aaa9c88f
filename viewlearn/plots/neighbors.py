"""Nearest neighbors by several encoders side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from torch import Tensor

from viewlearn.plots.figure import blank, new_figure, save_figure

RIGHT, WRONG = "#009E73", "#D55E00"


def save_neighbors(
    path: Path | str,
    queries: Tensor,
    samples: Tensor,
    neighbors: Mapping[str, Tensor],
    *,
    query_labels: Tensor | None = None,
    labels: Tensor | None = None,
    classes: Sequence[str] | None = None,
    title: str | None = None,
) -> Path:
    """Draws one row per query: the query, then each run's nearest neighbors, nearest first.

    With labels, neighbors of the query's class have a green frame and others an orange one.

    Args:
        path: Picture to write.
        queries: Images ``(num_queries, channel, height, width)`` in [0, 1]; spectrograms scaled to it.
        samples: Images ``(num_samples, channel, height, width)`` among which the neighbors are.
        neighbors: By run, indices ``(num_queries, k)`` into ``samples``, see ``nearest_neighbors``.
        query_labels: Labels ``(num_queries,)``.
        labels: Labels ``(num_samples,)``.
        classes: Names of the labels, to write beside the queries.
        title: Title of the figure.

    Returns:
        The path.

    Raises:
        ValueError: No runs, or neighbors of another number of queries.
    """
    if not neighbors:
        raise ValueError("there are no runs to draw neighbors of")
    for run, indices in neighbors.items():
        if len(indices) != len(queries):
            raise ValueError(f"run {run!r} has neighbors of {len(indices)} queries; there are {len(queries)}")
    widths = [1.0]
    for indices in neighbors.values():
        widths += [0.25, *[1.0] * indices.shape[1]]
    height = 0.8 * len(queries) + (0.9 if title else 0.6)
    figure = new_figure(0.75 * sum(widths) + 0.4, height, padding=(0.01, 0.03))
    grid = figure.subplots(len(queries), len(widths), squeeze=False, width_ratios=widths)
    for row, query in enumerate(queries):
        _plot_row(grid[row], query, samples, [indices[row] for indices in neighbors.values()])
        if labels is not None and query_labels is not None:
            _frame(grid[row], [indices[row] for indices in neighbors.values()], labels == query_labels[row])
        if classes is not None and query_labels is not None:
            grid[row, 0].set_ylabel(classes[int(query_labels[row])], fontsize=8)
    grid[0, 0].set_title("query", fontsize=9)
    column = 2
    for run, indices in neighbors.items():
        grid[0, column].set_title(run, fontsize=9, loc="left")
        column += 1 + indices.shape[1]
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def _plot_row(axes: Sequence[Axes], query: Tensor, samples: Tensor, neighbors: list[Tensor]) -> None:
    _show(axes[0], query)
    column = 1
    for indices in neighbors:
        axes[column].axis("off")
        column += 1
        for index in indices.tolist():
            _show(axes[column], samples[index])
            column += 1


def _show(axes: Axes, image: Tensor) -> None:
    shown = image.detach().float().cpu().clamp(0, 1).permute(1, 2, 0).expand(-1, -1, 3)
    blank(axes).imshow(shown.numpy(), interpolation="nearest")


def _frame(axes: Sequence[Axes], neighbors: list[Tensor], same_class: Tensor) -> None:
    column = 1
    for indices in neighbors:
        column += 1
        for index in indices.tolist():
            axes[column].spines[:].set(visible=True, linewidth=2, color=RIGHT if same_class[index] else WRONG)
            column += 1
