"""Room for all features, yet one is lost: on the unit sphere a strong group leaves no norm to a weak one."""

import numpy as np
from matplotlib.axes import Axes

from theory.closed_forms.cosine import coexistence_window, critical_temperature
from theory.closed_forms.water_filling import mean_field, mean_field_critical_temperature
from theory.demos.demo import Demo
from theory.losses.info_nce import InfoNCE
from theory.model.canonical import NORM_COMPETITION as MODEL
from theory.model.canonical import NORM_COMPETITION_DIM as DIM
from theory.plots import group_color, new_figure, plot_accuracies, plot_seeds, plot_threshold
from theory.simulation.optimization import Optimization
from theory.sweeps.sweep import sweep

AXIS = "A.destroy"
READOUT = 0.1


def run(seeds: int = 10, progress: bool = False, points: int = 10) -> Demo:
    """Plots accuracy over the destroy probability at two temperatures, and B's share of the energy over temperature."""
    demo = Demo("norm_competition", settings={"seeds": seeds, "model": repr(MODEL), "dim": DIM, "readout": READOUT})
    figure, axes = new_figure(columns=3)
    for ax, temperature in zip(axes, (1.0, 0.1), strict=False):
        table = sweep(
            MODEL,
            {AXIS: np.linspace(0, 0.9, points)},
            InfoNCE(temperature),
            DIM,
            Optimization(800),
            seeds=seeds,
            readout=READOUT,
            progress=progress,
        )
        demo.tables[f"norm_competition_tau_{temperature:g}"] = table
        plot_accuracies(ax, table, AXIS, "AB", None, f"cosine InfoNCE, τ = {temperature:g}; {seeds} seeds")
        window = coexistence_window(MODEL, "A", "B", temperature)
        plot_threshold(ax, window.enters or None, "B enters")
        plot_threshold(ax, window.leaves, "A leaves")
        trained = [table.crossing(AXIS, "share_B", level) for level in (0.01, 0.99)]
        at_zero = table.select(**{AXIS: 0.0})["accuracy_B"].mean()
        demo.lines.append(
            f"τ = {temperature:g}: closed form ({_probability(window.enters)}, {_probability(window.leaves)}); "
            f"trained, B has 1 % of the energy at p = {trained[0]:.3f}, 99 % at p = {trained[1]:.3f}; its accuracy at "
            f"p = 0 is {at_zero:.3f}"
        )
    axes[0].set_ylabel(f"accuracy of the label, read-out noise {READOUT:g}")
    axes[0].legend(fontsize=7.5, loc="center right")
    _plot_temperatures(axes[2], demo, seeds, progress)
    demo.figures["norm_competition"] = figure
    return demo


def _plot_temperatures(ax: Axes, demo: Demo, seeds: int, progress: bool) -> None:
    grid = {"temperature": np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0])}
    table = sweep(
        MODEL, grid, InfoNCE(), DIM, Optimization(800), seeds=min(seeds, 5), readout=READOUT, progress=progress
    )
    demo.tables["norm_competition_temperature"] = table
    fine = np.linspace(0.08, 1.0, 200)
    share = [mean_field(MODEL, temperature).share("B").item() for temperature in fine]
    plot_seeds(ax, table, "temperature", "share_B", group_color("B"), "B, trained")
    ax.plot(fine, share, "--", color="0.4", linewidth=1.4, label="B, water-filling (mean field)")
    exact, rough = critical_temperature(MODEL, "A", "B"), mean_field_critical_temperature(MODEL, "B")
    plot_threshold(ax, exact, f"critical, {exact:.3f}", 0.5)
    ax.set(xlabel="temperature τ, nothing destroyed", ylabel="B's share of the energy E|z|²", title="temperature")
    ax.title.set_fontsize(10)
    ax.legend(fontsize=7.5)
    demo.lines.append(f"critical temperature at p = 0: exact {exact:.3f}, mean field {rough:.3f}")


def _probability(value: float | None) -> str:
    return "never" if value is None else f"{value:.3f}"
