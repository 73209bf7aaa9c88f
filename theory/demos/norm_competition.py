"""Room for all features, yet one is lost: on the unit sphere a strong group leaves no norm to a weak one."""

import numpy as np

from theory.closed_forms.cosine import coexistence_window, critical_temperature
from theory.closed_forms.water_filling import critical_temperature as mean_field_temperature
from theory.closed_forms.water_filling import mean_field
from theory.demos.demo import Demo
from theory.losses.losses import InfoNCE
from theory.model.canonical import NORM_COMPETITION as MODEL
from theory.model.canonical import NORM_COMPETITION_DIM as DIM
from theory.plots import accuracy_panel, mark, new_figure, trained_band
from theory.sweeps.sweep import sweep

AXIS = "A.destroy"
READOUT = 0.1


def run(seeds: int = 10, progress: bool = False, points: int = 10) -> Demo:
    """Accuracy against destroy probability at two temperatures, and B's share of the energy against temperature."""
    demo = Demo("norm_competition", settings={"seeds": seeds, "model": repr(MODEL), "dim": DIM, "readout": READOUT})
    figure, axes = new_figure(columns=3)
    for ax, temperature in zip(axes, (1.0, 0.1), strict=False):
        table = sweep(
            MODEL,
            {AXIS: np.linspace(0, 0.9, points)},
            InfoNCE(temperature),
            DIM,
            seeds=seeds,
            num_steps=800,
            readout=READOUT,
            progress=progress,
        )
        demo.tables[f"norm_competition_tau_{temperature:g}"] = table
        accuracy_panel(ax, table, AXIS, "AB", None, f"cosine InfoNCE, τ = {temperature:g}; {seeds} seeds")
        window = coexistence_window(MODEL, "A", "B", temperature)
        mark(ax, window.enters or None, "B enters")
        mark(ax, window.leaves, "A leaves")
        trained = [table.crossing(AXIS, "share_B", level) for level in (0.01, 0.99)]
        at_zero = table.select(**{AXIS: 0.0})["accuracy_B"].mean()
        demo.lines.append(
            f"τ = {temperature:g}: closed form ({_p(window.enters)}, {_p(window.leaves)}); trained, B has 1 % of "
            f"the energy at p = {trained[0]:.3f}, 99 % at p = {trained[1]:.3f}; its accuracy at p = 0 is {at_zero:.3f}"
        )
    axes[0].set_ylabel(f"accuracy of the label, read-out noise {READOUT:g}")
    axes[0].legend(fontsize=7.5, loc="center right")
    _temperature_panel(axes[2], demo, seeds, progress)
    demo.figures["norm_competition"] = figure
    return demo


def _temperature_panel(ax, demo: Demo, seeds: int, progress: bool) -> None:
    grid = {"temperature": np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0])}
    table = sweep(MODEL, grid, InfoNCE(), DIM, seeds=min(seeds, 5), num_steps=800, readout=READOUT, progress=progress)
    demo.tables["norm_competition_temperature"] = table
    fine = np.linspace(0.08, 1.0, 200)
    share = [mean_field(MODEL, temperature).share("B").item() for temperature in fine]
    trained_band(ax, table, "temperature", "share_B", "#dd6b20", "B, trained")
    ax.plot(fine, share, "--", color="0.4", linewidth=1.4, label="B, water-filling (mean field)")
    exact, rough = critical_temperature(MODEL, "A", "B"), mean_field_temperature(MODEL, "B")
    mark(ax, exact, f"critical, {exact:.3f}", 0.5)
    ax.set(xlabel="temperature τ, nothing destroyed", ylabel="B's share of the energy E|z|²", title="temperature")
    ax.title.set_fontsize(10)
    ax.legend(fontsize=7.5)
    demo.lines.append(f"critical temperature at p = 0: exact {exact:.3f}, mean field {rough:.3f}")


def _p(value: float | None) -> str:
    return "never" if value is None else f"{value:.3f}"
