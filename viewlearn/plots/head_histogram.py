"""Which embedding space decides: histograms of the heads' contributions to correct predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from viewlearn.plots.figure import COLORS, new_figure, save_figure, tidy


def head_histogram(
    path: Path | str,
    contributions: Mapping[str, Tensor],
    labels: Tensor | None = None,
    *,
    classes: Mapping[int, str] | None = None,
    num_bins: int = 40,
    title: str | None = None,
) -> Path:
    """Draws, for all correct predictions together or for each class apart, the histogram of every head's contribution.

    Args:
        path: the picture to write.
        contributions: per head (num_correct,), see ``head_contributions``.
        labels: (num_correct,); needed for ``classes``.
        classes: label and name of the classes to draw a panel for; None draws all samples in one.
        num_bins: at most, over the range of all contributions of a panel; fewer where predictions are few.
        title: of the figure.

    Returns:
        The path.

    Raises:
        ValueError: no heads, no correct predictions at all or in a class, classes without labels.
    """
    if not contributions or len(next(iter(contributions.values()))) == 0:
        raise ValueError("there are no contributions to draw: no heads, or no correct predictions")
    if classes is not None and labels is None:
        raise ValueError("classes need the labels of the contributions")
    panels = {"all classes": torch.ones(len(next(iter(contributions.values()))), dtype=torch.bool)}
    if classes is not None:
        panels = {name: labels == label for label, name in classes.items()}
    for name, members in panels.items():
        if not members.any():
            raise ValueError(f"class {name!r} has no correct prediction")
    num_columns = min(3, len(panels))
    num_rows = -(-len(panels) // num_columns)
    figure = new_figure(4.4 * num_columns, 2.8 * num_rows + 0.3)
    grid = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    for axes, (name, members) in zip(grid, panels.items(), strict=False):
        tidy(axes)
        _histograms(axes, {head: values[members] for head, values in contributions.items()}, num_bins)
        axes.set_title(f"{name} ({int(members.sum())} correct)", fontsize=10)
        axes.set_xlabel("contribution to the class's score (activation × weight)", fontsize=8)
        axes.set_ylabel("predictions", fontsize=9)
    for axes in grid[len(panels) :]:
        axes.remove()
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def _histograms(axes, contributions: Mapping[str, Tensor], num_bins: int) -> None:
    values: Sequence[np.ndarray] = [part.detach().float().cpu().numpy() for part in contributions.values()]
    low, high = min(part.min() for part in values), max(part.max() for part in values)
    few = max(8, round(2 * len(values[0]) ** 0.5))  # more bins than that would show single predictions
    edges = np.linspace(low, high if high > low else low + 1, min(num_bins, few) + 1)
    for i, (head, part) in enumerate(zip(contributions, values, strict=True)):
        color = COLORS[i % len(COLORS)]
        axes.hist(part, edges, color=color, alpha=0.3)
        axes.hist(part, edges, color=color, histtype="step", linewidth=1.4, label=f"{head}, mean {part.mean():.2f}")
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.legend(fontsize=8, frameon=False)
