"""Nearest neighbors by several encoders side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from torch import Tensor

from viewlearn.plots.figure import new_figure, save_figure

RIGHT, WRONG = "#009E73", "#D55E00"


def retrieval_figure(
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
        path: the picture to write.
        queries: (num_queries, channel, height, width) images in [0, 1]; spectrograms are to be scaled to it.
        samples: (num_samples, channel, height, width), from which the neighbors come.
        neighbors: per run, (num_queries, k) indices into ``samples``, see ``nearest_neighbors``.
        query_labels, labels: (num_queries,) and (num_samples,).
        classes: names of the labels, to write beside the queries.
        title: of the figure.

    Returns:
        The path.

    Raises:
        ValueError: no runs, or neighbors for another number of queries.
    """
    if not neighbors:
        raise ValueError("there are no runs to draw neighbors of")
    for run, indices in neighbors.items():
        if len(indices) != len(queries):
            raise ValueError(f"run {run!r} has neighbors of {len(indices)} queries; there are {len(queries)}")
    widths = [1.0]
    for indices in neighbors.values():
        widths += [0.25, *[1.0] * indices.shape[1]]
    figure = new_figure(0.75 * sum(widths) + 0.4, 0.8 * len(queries) + (0.9 if title else 0.6))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.03, hspace=0.03)
    grid = figure.subplots(len(queries), len(widths), squeeze=False, width_ratios=widths)
    for row, query in enumerate(queries):
        column = _draw_row(grid[row], query, samples, [indices[row] for indices in neighbors.values()])
        assert column == len(widths)
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


def _draw_row(axes: Sequence[Axes], query: Tensor, samples: Tensor, neighbors: list[Tensor]) -> int:
    _show(axes[0], query)
    column = 1
    for indices in neighbors:
        axes[column].axis("off")
        column += 1
        for index in indices.tolist():
            _show(axes[column], samples[index])
            column += 1
    return column


def _show(axes: Axes, image: Tensor) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    shown = image.detach().float().cpu().clamp(0, 1).permute(1, 2, 0).expand(-1, -1, 3)
    axes.imshow(shown.numpy(), interpolation="nearest")


def _frame(axes: Sequence[Axes], neighbors: list[Tensor], same_class: Tensor) -> None:
    column = 1
    for indices in neighbors:
        column += 1
        for index in indices.tolist():
            axes[column].spines[:].set(visible=True, linewidth=2, color=RIGHT if same_class[index] else WRONG)
            column += 1
