"""Cosine InfoNCE in a tight bottleneck remembers where training began."""

import numpy as np
import torch

from theory.closed_forms.tight_bottleneck import hysteresis
from theory.demos.demo import Demo
from theory.losses.info_nce import InfoNCE
from theory.measures.probe import probe
from theory.model.canonical import HOMOGENEOUS, HOMOGENEOUS_DIM
from theory.model.parameters import vary
from theory.plots import group_color, new_figure, plot_seeds, plot_threshold
from theory.simulation.optimization import Optimization
from theory.simulation.training import train
from theory.table import TidyTable

AXIS = "A.destroy"
MODEL = HOMOGENEOUS.with_group("A", strengths=(6,) * 4)


def run(seeds: int = 5, progress: bool = False) -> Demo:
    """Trains from A alone, from B alone and from small weights; plots R² of A beside the exact bounds.

    There is no progress to show.
    """
    bounds = hysteresis(MODEL, "A", "B", HOMOGENEOUS_DIM)
    destroy = np.linspace(0.2, 0.46, 14)
    numbers = vary(MODEL, {AXIS: destroy})
    demo = Demo(
        "hysteresis", settings={"seeds": seeds, "model": repr(MODEL), "dim": HOMOGENEOUS_DIM, "temperature": 0.5}
    )
    figure, (ax,) = new_figure(width=6.5, height=3.8)
    for name, start, line_color in (
        ("from A alone", _alone("A"), group_color("A")),
        ("from B alone", _alone("B"), group_color("B")),
        ("from small weights", None, group_color("C")),
    ):
        optimization = Optimization(lr=0.02 if start is None else 0.005)
        loss = InfoNCE(0.5, batch_size=192)
        trained = train(MODEL, loss, HOMOGENEOUS_DIM, optimization, parameters=numbers, start=start, num_seeds=seeds)
        r2 = probe(MODEL, trained.weight, numbers).group_r2("A").numpy()
        columns = {AXIS: np.repeat(destroy, seeds), "seed": np.tile(np.arange(seeds), len(destroy)), "r2_A": r2.ravel()}
        table = TidyTable(columns)
        demo.tables[f"hysteresis_{name.replace(' ', '_')}"] = table
        plot_seeds(ax, table, AXIS, "r2_A", line_color, name)
        demo.lines.append(f"{name}: R² of A falls below ½ at p = {table.crossing(AXIS, 'r2_A', 0.5):.3f}")
    plot_threshold(ax, bounds.other_from, "B alone is \nstable from here", 0.25, left=True)
    plot_threshold(ax, bounds.equal, "losses\n equal", 0.35)
    plot_threshold(ax, bounds.attacked_until, "A alone is\n stable to here", 0.6)
    ax.set(xlabel="destroy probability of A in each view, p", ylabel="R² of A's latents", ylim=(-0.03, 1.03))
    ax.set_title(f"cosine InfoNCE, τ = 0.5, m = {HOMOGENEOUS_DIM}; {seeds} seeds, band: their range", fontsize=10)
    ax.legend(fontsize=8, loc="upper right")
    demo.figures["hysteresis"] = figure
    demo.lines.insert(
        0,
        f"closed form: B alone stable from p = {bounds.other_from:.4f}, equal at {bounds.equal:.4f}, A alone stable "
        f"until {bounds.attacked_until:.4f}",
    )
    return demo


def _alone(name: str) -> torch.Tensor:
    """Returns an encoder of one group, nudged off the symmetric point."""
    generator = torch.Generator().manual_seed(0)
    weight = 0.01 * torch.randn(HOMOGENEOUS_DIM, MODEL.input_dim, generator=generator)
    group = MODEL.group(name)
    weight[:, MODEL.directions(name)] += torch.eye(HOMOGENEOUS_DIM) / group.strengths[0]
    return weight
