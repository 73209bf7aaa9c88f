"""Figures of sweeps over one axis or two."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from theory.losses.loss import Loss
from theory.model.groups import GroupModel
from theory.plots import axis_label, group_color, new_figure, plot_seeds
from theory.table import TidyTable


def plot_sweep(table: TidyTable, model: GroupModel, axes: Sequence[str], loss: Loss) -> Figure:
    """Plots R² of every group with the closed form: curves over one axis, or a map per group over two."""
    num_seeds = len(np.unique(table["seed"]))
    note = f"{type(loss).__name__}; {num_seeds} seeds"
    if len(axes) == 1:
        return _plot_curves(table, model, axes[0], note)
    x, y = axes
    return _plot_maps(table, model, x, y, note)


def _plot_curves(table: TidyTable, model: GroupModel, axis: str, note: str) -> Figure:
    figure, (ax,) = new_figure(width=6.0, height=4.0)
    if table[axis].dtype.kind not in "fiu":
        values, positions = np.unique(table[axis], return_inverse=True)
        table = TidyTable(table.columns | {axis: positions.astype(float)})
        ax.set_xticks(range(len(values)), values)
    for index, group in enumerate(model.groups):
        hue = group_color(group.name, index)
        plot_seeds(ax, table, axis, f"r2_{group.name}", hue, f"{group.name}, trained")
        x, theory, *_ = table.over_seeds(axis, f"theory_r2_{group.name}")
        if np.isfinite(theory).any():
            ax.plot(x, theory, "--", color=hue, linewidth=1.6, label=f"{group.name}, closed form")
    ax.set(xlabel=axis_label(axis), ylabel="R² of the latents (best linear probe)", ylim=(-0.03, 1.03), title=note)
    ax.legend(fontsize=8)
    return figure


def _plot_maps(table: TidyTable, model: GroupModel, x: str, y: str, note: str) -> Figure:
    figure, panels = new_figure(columns=len(model.groups), width=5.0, height=4.0)
    across, up = np.unique(table[x]), np.unique(table[y])
    for ax, group in zip(panels, model.groups, strict=True):
        trained, theory = (_grid(table, x, y, f"{kind}r2_{group.name}") for kind in ("", "theory_"))
        image = ax.pcolormesh(
            np.arange(len(across)) if across.dtype.kind == "U" else across,
            np.arange(len(up)) if up.dtype.kind == "U" else up,
            trained,
            shading="nearest",
            vmin=0,
            vmax=1,
            cmap="RdYlBu_r",
            rasterized=True,
        )
        if across.dtype.kind == "U":
            ax.set_xticks(range(len(across)), across)
        if up.dtype.kind == "U":
            ax.set_yticks(range(len(up)), up)
        if across.dtype.kind != "U" and up.dtype.kind != "U" and np.nanmin(theory) < 0.5 < np.nanmax(theory):
            ax.contour(across, up, theory, levels=[0.5], colors="k", linewidths=1.5)
            ax.plot([], [], color="k", linewidth=1.5, label="closed-form boundary, on this grid")
            ax.legend(fontsize=7, loc="lower right")
        ax.grid(False)
        ax.set(xlabel=axis_label(x), ylabel=axis_label(y), title=f"{group.name}: {note}")
        figure.colorbar(image, ax=ax, label=f"R² of {group.name}'s latents")
    return figure


def _grid(table: TidyTable, x: str, y: str, column: str) -> np.ndarray:
    """Returns means over seeds, (y, x)."""
    across, i = np.unique(table[x], return_inverse=True)
    up, j = np.unique(table[y], return_inverse=True)
    total, count = np.zeros((len(up), len(across))), np.zeros((len(up), len(across)))
    np.add.at(total, (j, i), table[column])
    np.add.at(count, (j, i), 1)
    return total / np.maximum(count, 1)
