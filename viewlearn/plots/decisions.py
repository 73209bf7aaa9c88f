"""What views decided, drawn over what they decided about: boxes, masks, displacement fields, gain curves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from viewlearn.plots.figure import COLORS, blank, new_figure, save_figure, tidy
from viewlearn.views import Params

NUM_ARROWS = 9  # a row and a column


@dataclass(frozen=True)
class Decided:
    """What one entry of the views decided about some samples.

    Args:
        name: Name of the entry.
        x: Its input: images or spectrograms ``(num_samples, channel, height, width)``; waveforms aren't shown.
        resolved: What ``View.resolve`` returned for it, the samples first.
    """

    name: str
    x: Tensor
    resolved: Params


def save_decisions(path: Path | str, decided: Sequence[Decided], *, low_first: bool = False) -> Path | None:
    """Draws a row for each sample and a column for each box, mask, field or gain curve that is in the decisions.

    Args:
        path: Picture to write; its suffix is the format.
        decided: Decisions about the same samples, in the order of the views.
        low_first: Whether row 0 lies at the bottom, as in spectrograms.

    Returns:
        The path; None if there is nothing of these kinds, in which case no picture is written.
    """
    columns = [each for one in decided for each in drawable(one)]
    if not columns:
        return None
    num_rows = len(columns[0].values)
    figure = new_figure(1.6 * len(columns) + 0.3, 1.6 * num_rows + 0.4, padding=(0.03, 0.03))
    grid = figure.subplots(num_rows, len(columns), squeeze=False)
    for place, column in enumerate(columns):
        grid[0, place].set_title(column.name, fontsize=8)
        for row in range(num_rows):
            column.draw(grid[row, place], row, low_first)
    return save_figure(figure, path)


@dataclass(frozen=True)
class Drawable:
    """One kind of decision about some samples, which can be drawn.

    Args:
        name: Names of the entry and of the decision.
        kind: Kind of decision, one of ``DRAW``.
        x: What was decided about, see ``Decided``.
        values: Decisions, the samples first.
    """

    name: str
    kind: str
    x: Tensor
    values: Tensor

    @property
    def has_axis(self) -> bool:
        """Whether the drawing is a curve or bars, whose axis needs room, rather than a picture."""
        return self.kind in ("gain_db", "weights")

    def draw(self, axes: Axes, row: int, low_first: bool = False) -> None:
        """Draws the decision about one sample."""
        x, value = (each[row].detach().float().cpu() for each in (self.x, self.values))
        DRAW[self.kind](axes, x, value, low_first)


def drawable(decided: Decided) -> list[Drawable]:
    """Finds the decisions of known kinds; those that are drawn over samples only where these are pictures."""
    return [
        Drawable(f"{decided.name}: {label}", kind, decided.x, value)
        for label, kind, value in _known(decided.resolved)
        if kind in BY_THEMSELVES or decided.x.ndim == 4
    ]


def _known(resolved: Params, prefix: str = "") -> Iterator[tuple[str, str, Tensor]]:
    """(label, kind, values) of everything that can be drawn, nested decisions included."""
    for name, value in resolved.items():
        if isinstance(value, dict):
            yield from _known(value, f"{prefix}{name}.")
        elif name in DRAW:
            yield f"{prefix}{name}", name, value


def _show(axes: Axes, x: Tensor, low_first: bool) -> None:
    """The sample, in coordinates from 0 to 1 across and along its rows."""
    picture = x.permute(1, 2, 0).numpy() if x.shape[0] == 3 else x.mean(0).numpy()
    if x.shape[0] == 3:
        picture = picture.clip(0, 1)
    extent = (0, 1, 0, 1) if low_first else (0, 1, 1, 0)
    origin = "lower" if low_first else "upper"
    color = "magma" if low_first else "gray"
    blank(axes).imshow(picture, extent=extent, origin=origin, cmap=color, interpolation="nearest", aspect="auto")


def _draw_box(axes: Axes, x: Tensor, box: Tensor, low_first: bool) -> None:
    _show(axes, x, low_first)
    top, left, height, width = box.tolist()
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=COLORS[1], linewidth=1.8))


def _draw_mask(axes: Axes, x: Tensor, mask: Tensor, low_first: bool) -> None:
    _show(axes, x, low_first)
    red = np.zeros((*mask.shape[-2:], 4))
    red[..., 0], red[..., 3] = 0.85, 0.7 * mask[0].numpy()
    extent, origin = ((0, 1, 0, 1), "lower") if low_first else ((0, 1, 1, 0), "upper")
    axes.imshow(red, extent=extent, origin=origin, interpolation="nearest", aspect="auto")


def _draw_field(axes: Axes, x: Tensor, field: Tensor, low_first: bool) -> None:
    _show(axes, x, low_first)
    height, width = field.shape[-2:]
    rows, columns = (np.linspace(0, size - 1, min(NUM_ARROWS, size)).round().astype(int) for size in (height, width))
    down, right = (part.numpy()[np.ix_(rows, columns)] for part in field)
    place = np.meshgrid((columns + 0.5) / width, (rows + 0.5) / height)
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 1.0}  # as long as the displacement is
    axes.quiver(*place, right / width, down / height, color=COLORS[1], width=0.012, **arrows)


def _draw_gain(axes: Axes, x: Tensor, gain: Tensor, low_first: bool) -> None:
    tidy(axes).plot(np.linspace(0, 1, len(gain)), gain.numpy(), color=COLORS[0], linewidth=1.4)
    axes.axhline(0, color="k", linewidth=0.6)
    axes.set_ylabel("dB", fontsize=7)
    axes.tick_params(labelsize=6)


def _draw_spectral_gain(axes: Axes, x: Tensor, gain: Tensor, low_first: bool) -> None:
    """By cosine frequency, the lowest in the corner where rows begin: red is amplified, blue weakened."""
    most = max(float(gain.abs().max()), 1e-9)
    origin = "lower" if low_first else "upper"
    blank(axes).imshow(gain.numpy(), cmap="coolwarm", vmin=-most, vmax=most, origin=origin, aspect="auto")


def _draw_mixing(axes: Axes, x: Tensor, mixing: Tensor, low_first: bool) -> None:
    most = max(float(mixing.abs().max()), 1e-9)
    blank(axes).imshow(mixing.numpy(), cmap="coolwarm", vmin=-most, vmax=most)
    for (row, column), value in np.ndenumerate(mixing.numpy()):
        axes.text(column, row, f"{value:+.2f}", ha="center", va="center", fontsize=7)


def _draw_weights(axes: Axes, x: Tensor, weights: Tensor, low_first: bool) -> None:
    tidy(axes).bar(range(len(weights)), weights.numpy(), color=COLORS[0])
    axes.axhline(1 / len(weights), color="k", linewidth=0.6, linestyle=":")
    axes.set_xticks([])
    axes.set_ylim(0, 1)
    axes.tick_params(labelsize=6)


DRAW: dict[str, Callable[[Axes, Tensor, Tensor, bool], None]] = {
    "box": _draw_box,
    "mask": _draw_mask,
    "field": _draw_field,
    "gain_db": _draw_gain,
    "gain": _draw_spectral_gain,
    "mixing": _draw_mixing,
    "weights": _draw_weights,
}
BY_THEMSELVES = ("gain_db", "gain", "mixing", "weights")  # drawn without the sample
