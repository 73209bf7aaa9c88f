"""Too few outputs for all features: the most invariant take them, until they are destroyed."""

from collections.abc import Sequence

import numpy as np

from theory.closed_forms.boundaries import critical_destroy, learned
from theory.demos.demo import Demo
from theory.losses.info_nce import InfoNCE
from theory.losses.loss import Loss
from theory.losses.quadratic import Spectral
from theory.measures.probe import sign_accuracy
from theory.model.canonical import CAPACITY, CAPACITY_DIM
from theory.model.parameters import vary
from theory.plots import new_figure, plot_accuracies, plot_threshold
from theory.simulation.optimization import Optimization
from theory.sweeps.sweep import sweep
from theory.table import TidyTable

AXIS = "A.destroy"
CROSSING_ACCURACY = 0.75  # the read-out then explains half of the latent's variance
LOSSES: dict[str, tuple[str, Loss, int]] = {
    "spectral": ("spectral", Spectral(), 1500),
    "infonce_dot": ("InfoNCE, dot product", InfoNCE(similarity="dot"), 600),
    "infonce": ("InfoNCE, cosine, τ = 0.2", InfoNCE(0.2), 600),
}


def run(seeds: int = 20, progress: bool = False, points: int = 19, losses: Sequence[str] = tuple(LOSSES)) -> Demo:
    """Trains over the destroy probability of A; plots the accuracy of both labels beside the closed form."""
    boundary = critical_destroy(CAPACITY, "A", "B", dim=CAPACITY_DIM)
    theory = closed_form(np.linspace(0, 0.9, 2001))
    settings = {"seeds": seeds, "points": points, "losses": list(losses), "model": repr(CAPACITY), "dim": CAPACITY_DIM}
    demo = Demo("capacity", tables={"capacity_closed_form": theory}, settings=settings)
    demo.lines.append(f"closed form: B enters at p = {boundary.enters:.4f}, A leaves at p = {boundary.leaves:.4f}")
    figure, axes = new_figure(columns=len(losses), width=4.6 if len(losses) > 1 else 6.0)
    for ax, key in zip(axes, losses, strict=True):
        name, loss, num_steps = LOSSES[key]
        grid = {AXIS: np.linspace(0, 0.9, points)}
        table = sweep(CAPACITY, grid, loss, CAPACITY_DIM, Optimization(num_steps), seeds=seeds, progress=progress)
        plot_accuracies(ax, table, AXIS, "AB", theory, f"{name}; {seeds} seeds, band: their range")
        plot_threshold(ax, boundary.enters, f"B enters, {boundary.enters:.3f}")
        plot_threshold(ax, boundary.leaves, f"A leaves, {boundary.leaves:.3f}")
        demo.tables[f"capacity_{key}"] = table
        enters, leaves = (table.crossing(AXIS, f"accuracy_{group}", CROSSING_ACCURACY) for group in "BA")
        demo.lines.append(f"{name}: trained, B enters at p = {enters:.3f}, A leaves at p = {leaves:.3f}")
    axes[0].set_ylabel("accuracy of the label (chance: 0.5)")
    axes[0].legend(fontsize=7.5, loc=(0.26, 0.4))
    demo.figures["capacity"] = figure
    return demo


def closed_form(destroy: np.ndarray) -> TidyTable:
    """Returns the accuracy of both labels at the optimum."""
    part, _ = learned(CAPACITY, dim=CAPACITY_DIM, parameters=vary(CAPACITY, {AXIS: destroy}))
    accuracy = {
        f"theory_accuracy_{name}": sign_accuracy(part[:, CAPACITY.directions(name).start]).numpy() for name in "AB"
    }
    return TidyTable({AXIS: destroy} | accuracy)
