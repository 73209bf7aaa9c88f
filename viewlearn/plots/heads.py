"""Which embedding space decides: histograms of each head's contributions to correct predictions."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from viewlearn.plots.figure import COLORS, new_panels, save_figure, tidy


def save_head_histograms(
    path: Path | str,
    contributions: Mapping[str, Tensor],
    labels: Tensor | None = None,
    *,
    classes: Mapping[int, str] | None = None,
    num_bins: int = 40,
    title: str | None = None,
) -> Path:
    """Draws a histogram of each head's contributions to correct predictions, of all classes or of each of some.

    Args:
        path: Picture to write.
        contributions: By head, the contributions ``(num_correct,)``, see ``head_contributions``.
        labels: Labels ``(num_correct,)``; needed with ``classes``.
        classes: Names of the classes to draw a panel for, by label; None draws all samples in one panel.
        num_bins: Number of bins over the range of a panel's contributions, at most; fewer for few predictions.
        title: Title of the figure.

    Returns:
        The path.

    Raises:
        ValueError: No heads, no correct prediction at all or in a class, or classes without labels.
    """
    first = next(iter(contributions.values()), None)
    if first is None or len(first) == 0:
        raise ValueError("there are no contributions to draw: no heads, or no correct predictions")
    if classes is None:
        members = {"all classes": torch.ones(len(first), dtype=torch.bool)}
    elif labels is None:
        raise ValueError("classes need the labels of the contributions")
    else:
        members = {name: torch.eq(labels, label) for label, name in classes.items()}
    for name, chosen in members.items():
        if not chosen.any():
            raise ValueError(f"class {name!r} has no correct prediction")
    figure, panels = new_panels(len(members), 3, (4.4, 2.8))
    for axes, (name, chosen) in zip(panels, members.items(), strict=True):
        _plot_histograms(tidy(axes), {head: values[chosen] for head, values in contributions.items()}, num_bins)
        axes.set_title(f"{name} ({int(chosen.sum())} correct)", fontsize=10)
        axes.set_xlabel("contribution to the class's score (activation × weight)", fontsize=8)
        axes.set_ylabel("predictions", fontsize=9)
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def _plot_histograms(axes: Axes, contributions: Mapping[str, Tensor], num_bins: int) -> None:
    values = [part.detach().float().cpu().numpy() for part in contributions.values()]
    low, high = min(part.min() for part in values), max(part.max() for part in values)
    few = max(8, round(2 * len(values[0]) ** 0.5))  # more bins than that would show single predictions
    edges = np.linspace(low, high if high > low else low + 1, min(num_bins, few) + 1).tolist()
    for i, (head, part) in enumerate(zip(contributions, values, strict=True)):
        color = COLORS[i % len(COLORS)]
        axes.hist(part, edges, color=color, alpha=0.3)
        axes.hist(part, edges, color=color, histtype="step", linewidth=1.4, label=f"{head}, mean {part.mean():.2f}")
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.legend(fontsize=8, frameon=False)
