"""What views look like: originals, views, and amplified differences side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from torch import Tensor

from viewlearn.plots.figure import blank, new_figure, save_figure

Kind = Literal["image", "spectrogram"]


def save_views_gallery(
    path: Path | str,
    originals: Tensor,
    views: Sequence[Tensor],
    *,
    amplification: float = 10.0,
    kind: Kind = "image",
    labels: Sequence[str] | None = None,
    title: str | None = None,
    seconds: float | None = None,
) -> Path:
    """Draws one row per sample: the original, each view, and each view's amplified difference from the original.

    A difference is shown as middle + amplification · (view − original), the middle being gray 0.5 for images and the
    color map's light gray for spectrograms, whose differences span as many units as the originals do. What leaves
    the range is clamped, for showing only. Views of another shape than the original have no difference.

    Args:
        path: Picture to write; its suffix is the format.
        originals: Images ``(num_samples, channel, height, width)`` in [0, 1] of 1 or 3 channels, or spectrograms
            ``(num_samples, 1, mel, frame)``.
        views: One tensor per view, each with as many samples.
        amplification: Factor of the differences; the titles of the columns state it.
        kind: Images, or spectrograms, which get a color scale and axes.
        labels: A name for each row.
        title: Title of the figure.
        seconds: Duration of a spectrogram, for its time axis; None counts frames.

    Returns:
        The path.

    Raises:
        ValueError: No samples, tensors of the wrong number of dimensions or channels, or of unequal lengths.
    """
    _check(originals, views, kind, labels)
    columns = _columns(originals, views, amplification)
    num_rows, aspect = len(originals), originals.shape[-2] / originals.shape[-1]
    width = 1.35 if kind == "image" else 1.9
    head = 0.6 if title else 0.35
    height = (width * min(aspect, 1.5) + 0.03) * num_rows + head
    figure = new_figure(width * len(columns) + 0.3, height, padding=(0.02, 0.02))
    if kind == "image":
        _plot_images(figure, columns, amplification, labels)
    else:
        _plot_spectrograms(figure, columns, amplification, labels, _span(originals), seconds)
    if title:
        figure.suptitle(title, fontsize=11)
    return save_figure(figure, path)


def _check(originals: Tensor, views: Sequence[Tensor], kind: Kind, labels: Sequence[str] | None) -> None:
    if kind not in ("image", "spectrogram"):
        raise ValueError(f"kind is {kind!r}; it must be one of: image, spectrogram")
    channels = (1, 3) if kind == "image" else (1,)
    for x in (originals, *views):
        if x.ndim != 4 or x.shape[1] not in channels:
            allowed = " or ".join(map(str, channels))
            raise ValueError(f"{kind}s of shape {tuple(x.shape)}; it must be (num_samples, {allowed}, height, width)")
        if len(x) != len(originals) or len(x) == 0:
            raise ValueError(f"{len(originals)} originals and a view of {len(x)} samples; both must be equal and not 0")
    if labels is not None and len(labels) != len(originals):
        raise ValueError(f"{len(labels)} labels for {len(originals)} samples")


def _columns(originals: Tensor, views: Sequence[Tensor], amplification: float) -> list[tuple[str, Tensor, bool]]:
    """(title, samples, whether they are differences) of each column, on the CPU in float32."""
    originals, *views = (x.detach().float().cpu() for x in (originals, *views))
    numbers = [f" {i + 1}" if len(views) > 1 else "" for i in range(len(views))]
    differences = [
        (f"{amplification:g} × difference\n(view{number} − original)", view - originals, True)
        for number, view in zip(numbers, views, strict=True)
        if view.shape == originals.shape
    ]
    shown = [(f"view{number}", view, False) for number, view in zip(numbers, views, strict=True)]
    return [("original", originals, False), *shown, *differences]


def _span(originals: Tensor) -> tuple[float, float]:
    """The 1 % and 99 % quantiles, so that one loud spot doesn't dim the rest."""
    values = originals.detach().float().cpu().flatten()
    low, high = torch.quantile(values[:: max(1, len(values) // 100_000)], torch.tensor([0.01, 0.99])).tolist()
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _plot_images(
    figure: Figure, columns: list[tuple[str, Tensor, bool]], amplification: float, labels: Sequence[str] | None
) -> None:
    """One picture a column, as axes for every image would take most of the time of a short run's end."""
    for axes, (name, x, is_difference) in zip(
        figure.subplots(1, len(columns), squeeze=False).flat, columns, strict=True
    ):
        shown = 0.5 + amplification * x if is_difference else x
        shown = shown.clamp(0, 1).expand(-1, 3, -1, -1)
        height = shown.shape[-2]
        gap = max(1, round(height / 45))
        # White between the rows, none after the last.
        column = F.pad(shown, (0, 0, 0, gap), value=1.0).permute(0, 2, 3, 1).flatten(0, 1)[:-gap]
        blank(axes).imshow(column.numpy(), interpolation="nearest")
        axes.set_title(name, fontsize=9)
        if labels and name == "original":
            middles = [height / 2 + row * (height + gap) for row in range(len(labels))]
            axes.set_yticks(middles, labels, rotation=90, va="center", fontsize=8)
            axes.tick_params(length=0)


def _plot_spectrograms(
    figure: Figure,
    columns: list[tuple[str, Tensor, bool]],
    amplification: float,
    labels: Sequence[str] | None,
    span: tuple[float, float],
    seconds: float | None,
) -> None:
    num_rows, bars = len(columns[0][1]), {}
    grid = figure.subplots(num_rows, len(columns), squeeze=False)
    for number, (name, x, is_difference) in enumerate(columns):
        grid[0, number].set_title(name, fontsize=9)
        factor = amplification if is_difference else None
        pictures = [_plot_spectrogram(grid[row, number], x[row], span, factor, seconds) for row in range(num_rows)]
        bars[is_difference] = (number, pictures[-1])  # beside the last column of its kind
        for row in range(num_rows):
            _label_axes(grid[row, number], row == num_rows - 1, number == 0, seconds)
    for is_difference, (number, picture) in bars.items():
        bar = figure.colorbar(picture, ax=grid[:, number], shrink=min(1.0, 2.2 / num_rows), pad=0.03)
        bar.set_label("view − original" if is_difference else "level (as the encoder reads it)", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    for row, label in enumerate(labels or ()):
        grid[row, 0].set_ylabel(label, fontsize=8)


def _plot_spectrogram(
    axes: Axes, x: Tensor, span: tuple[float, float], amplification: float | None, seconds: float | None
) -> AxesImage:
    low, high = span
    if amplification is not None:
        high = (high - low) / 2 / amplification
        low = -high
    return axes.imshow(
        x[0].numpy(),
        origin="lower",
        aspect="auto",
        cmap="magma" if amplification is None else "coolwarm",
        vmin=low,
        vmax=high,
        interpolation="nearest",
        extent=(0, seconds or x.shape[-1], 0, x.shape[-2]),
    )


def _label_axes(axes: Axes, bottom: bool, left: bool, seconds: float | None) -> None:
    axes.tick_params(labelsize=7, labelbottom=bottom, labelleft=left)
    if bottom:
        axes.set_xlabel("frame" if seconds is None else "time (s)", fontsize=8)
    if left:
        axes.set_ylabel("mel band", fontsize=8)
