"""Cosine InfoNCE in a tight bottleneck remembers where training began."""

import numpy as np
import torch

from theory.closed_forms.tight_bottleneck import hysteresis
from theory.demos.demo import Demo
from theory.losses.losses import InfoNCE
from theory.measures.probe import probe
from theory.model.canonical import EITHER_OR, EITHER_OR_DIM
from theory.model.parameters import vary
from theory.plots import color, mark, new_figure, trained_band
from theory.simulation.optimizers import Adam
from theory.simulation.training import train
from theory.table import Table

AXIS = "A.destroy"
MODEL = EITHER_OR.with_group("A", strengths=(6,) * 4)


def run(seeds: int = 5, progress: bool = False) -> Demo:
    """R² of A after training from A alone, from B alone and from small random weights, with the exact bounds.

    ``progress`` has nothing to show.
    """
    bounds = hysteresis(MODEL, "A", "B", EITHER_OR_DIM)
    destroy = np.linspace(0.2, 0.46, 14)
    numbers = vary(MODEL, {AXIS: destroy})
    demo = Demo("hysteresis", settings={"seeds": seeds, "model": repr(MODEL), "dim": EITHER_OR_DIM, "temperature": 0.5})
    figure, (ax,) = new_figure(width=6.5, height=3.8)
    for name, start, line_color in (
        ("from A alone", _alone("A"), color("A")),
        ("from B alone", _alone("B"), color("B")),
        ("from small weights", 0.3, "#2f855a"),
    ):
        loss, optimizer = InfoNCE(0.5, batch_size=192), Adam(0.005 if isinstance(start, torch.Tensor) else 0.02)
        trained = train(
            MODEL, loss, EITHER_OR_DIM, parameters=numbers, num_seeds=seeds, init=start, optimizer=optimizer
        )
        r2 = probe(MODEL, trained.weight, numbers).group_r2("A").numpy()
        columns = {AXIS: np.repeat(destroy, seeds), "seed": np.tile(np.arange(seeds), len(destroy)), "r2_A": r2.ravel()}
        table = Table(columns)
        demo.tables[f"hysteresis_{name.replace(' ', '_')}"] = table
        trained_band(ax, table, AXIS, "r2_A", line_color, name)
        demo.lines.append(f"{name}: R² of A falls below ½ at p = {table.crossing(AXIS, 'r2_A', 0.5):.3f}")
    mark(ax, bounds.other_from, "B alone is \nstable from here", 0.25, left=True)
    mark(ax, bounds.equal, "losses\n equal", 0.35)
    mark(ax, bounds.attacked_until, "A alone is\n stable to here", 0.6)
    ax.set(xlabel="destroy probability of A in each view, p", ylabel="R² of A's latents", ylim=(-0.03, 1.03))
    ax.set_title(f"cosine InfoNCE, τ = 0.5, m = {EITHER_OR_DIM}; {seeds} seeds, band: their range", fontsize=10)
    ax.legend(fontsize=8, loc="upper right")
    demo.figures["hysteresis"] = figure
    demo.lines.insert(
        0,
        f"closed form: B alone stable from p = {bounds.other_from:.4f}, equal at {bounds.equal:.4f}, A alone stable "
        f"until {bounds.attacked_until:.4f}",
    )
    return demo


def _alone(name: str) -> torch.Tensor:
    """An encoder of one group, nudged off the symmetric point."""
    generator = torch.Generator().manual_seed(0)
    weight = 0.01 * torch.randn(EITHER_OR_DIM, MODEL.input_dim, generator=generator)
    group = MODEL.group(name)
    weight[:, MODEL.directions(name)] += torch.eye(EITHER_OR_DIM) / group.strengths[0]
    return weight
