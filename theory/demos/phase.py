"""Strength against destroy probability: which of two groups fills the bottleneck?"""

import numpy as np

from theory.demos.demo import Demo
from theory.losses.info_nce import InfoNCE
from theory.model.canonical import HOMOGENEOUS, HOMOGENEOUS_DIM
from theory.plots import new_figure, plot_phase_diagram
from theory.simulation.optimization import Optimization
from theory.sweeps.phase import phase_diagram


def run(seeds: int = 2, progress: bool = False, columns: int = 13, rows: int = 10) -> Demo:
    """Plots a trained phase diagram (InfoNCE, dot product) under the boundary of 50,000 cells in closed form."""

    def axes(columns: int, rows: int):
        return ("A.destroy", np.linspace(0, 0.6, columns)), ("A.strength", np.linspace(1.1, 6.0, rows))

    loss = InfoNCE(similarity="dot")
    fine = phase_diagram(HOMOGENEOUS, *axes(500, 100), dim=HOMOGENEOUS_DIM)
    trained = phase_diagram(
        HOMOGENEOUS, *axes(columns, rows), loss, HOMOGENEOUS_DIM, Optimization(800), seeds=seeds, progress=progress
    )
    settings = {"seeds": seeds, "model": repr(HOMOGENEOUS), "dim": HOMOGENEOUS_DIM, "loss": repr(loss)}
    demo = Demo("phase_diagram", tables={"phase_diagram": trained.table}, settings=settings)
    demo.lines.append(
        f"phase diagram: {trained.agreement():.1%} of runs learn the group of the closed form, "
        f"{trained.agreement(0.05):.1%} where correlations differ by more than 0.05"
    )
    figure, (ax,) = new_figure(width=6.0, height=4.0)
    image = plot_phase_diagram(
        ax, trained, "B", fine, f"InfoNCE, dot product, m = {HOMOGENEOUS_DIM}; mean of {seeds} seeds"
    )
    figure.colorbar(image, ax=ax, label="R² of B's latents (A has the rest)")
    demo.figures["phase_diagram"] = figure
    return demo
