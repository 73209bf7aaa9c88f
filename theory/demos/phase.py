"""Strength against destroy probability: which of two groups fills the bottleneck?"""

import numpy as np

from theory.demos.demo import Demo
from theory.losses.losses import InfoNCE
from theory.model.canonical import EITHER_OR, EITHER_OR_DIM
from theory.plots import new_figure, phase_panel
from theory.sweeps.phase import phase_diagram


def run(seeds: int = 2, progress: bool = False, columns: int = 13, rows: int = 10) -> Demo:
    """A trained phase diagram (InfoNCE with a dot product) under the boundary of 50,000 cells in closed form."""

    def axes(columns: int, rows: int):
        return ("A.destroy", np.linspace(0, 0.6, columns)), ("A.strength", np.linspace(1.1, 6.0, rows))

    loss = InfoNCE(similarity="dot")
    fine = phase_diagram(EITHER_OR, *axes(500, 100), dim=EITHER_OR_DIM)
    trained = phase_diagram(
        EITHER_OR, *axes(columns, rows), loss, EITHER_OR_DIM, seeds=seeds, num_steps=800, progress=progress
    )
    settings = {"seeds": seeds, "model": repr(EITHER_OR), "dim": EITHER_OR_DIM, "loss": repr(loss)}
    demo = Demo("phase_diagram", tables={"phase_diagram": trained.table}, settings=settings)
    demo.lines.append(
        f"phase diagram: {trained.agreement():.1%} of runs learn the group of the closed form, "
        f"{trained.agreement(0.05):.1%} where correlations differ by more than 0.05"
    )
    figure, (ax,) = new_figure(width=6.0, height=4.0)
    image = phase_panel(ax, trained, "B", fine, f"InfoNCE, dot product, m = {EITHER_OR_DIM}; mean of {seeds} seeds")
    figure.colorbar(image, ax=ax, label="R² of B's latents (A has the rest)")
    demo.figures["phase_diagram"] = figure
    return demo
