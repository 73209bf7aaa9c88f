"""Few samples: a weak feature drowns in directions that look invariant by chance."""

import math

import numpy as np
import torch
from tqdm import tqdm

from theory.closed_forms.optimum import solve_general
from theory.demos.demo import Demo
from theory.measures.embedding import subspace_overlap
from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import moments
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler
from theory.plots import group_color, new_figure, plot_seeds, plot_threshold
from theory.table import TidyTable

MODEL = GroupModel([FeatureGroup("A", (3.0,) * 4), FeatureGroup("B", (0.5,) * 4)], noise_dims=24)
DIM = 8
SIZES = (100, 200, 400, 800, 1600, 3200, 6400, 12800)


def run(seeds: int = 20, progress: bool = False) -> Demo:
    """Finds the optimum of the spectral loss over n pairs, for growing n; plots how much of each group it holds."""
    rows = {"num_pairs": [], "seed": [], "overlap_A": [], "overlap_B": [], "top_noise": []}
    for size in tqdm(SIZES, disable=not progress, desc="sizes"):
        sampler = Sampler(MODEL, seeds, size, dtype=torch.float64)
        x1, x2 = (x[0] for x in sampler.pairs(sampler.draw(), parameters_of(MODEL)))
        second = (x1.mT @ x1 + x2.mT @ x2) / (2 * size)
        cross = (x1.mT @ x2 + x2.mT @ x1) / (2 * size)
        weight, _ = solve_general(cross, second, DIM)
        # Row spaces are compared in whitened coordinates, where the optimum is a projection.
        white = weight * moments(MODEL).second.sqrt()
        noise = slice(MODEL.num_features, None)
        _, top = solve_general(cross[:, noise, noise], second[:, noise, noise], 1)
        rows["num_pairs"] += [float(size)] * seeds
        rows["seed"] += list(range(seeds))
        rows["top_noise"] += top[:, 0].tolist()
        for name in "AB":
            rows[f"overlap_{name}"] += subspace_overlap(MODEL, white, name).tolist()
    table = TidyTable(rows)
    level = moments(MODEL).correlation[MODEL.directions("B").start].item()
    return _report(table, level, seeds)


def _report(table: TidyTable, level: float, seeds: int) -> Demo:
    demo = Demo("finite_sample", tables={"finite_sample": table}, settings={"seeds": seeds, "model": repr(MODEL)})
    figure, (left, right) = new_figure(columns=2)
    for name in "AB":
        plot_seeds(
            left, table, "num_pairs", f"overlap_{name}", group_color(name), f"{name}; {seeds} seeds, band: range"
        )
    needed = 2 * MODEL.noise_dims / level**2
    plot_threshold(left, needed, "noise edge = λ of B")
    left.set(xscale="log", xlabel="pairs of views n", ylabel="part of the group's space learned", ylim=(0, 1.03))
    left.legend(fontsize=8, loc="lower right")
    plot_seeds(right, table, "num_pairs", "top_noise", "0.4", "largest λ among noise directions")
    fine = np.geomspace(SIZES[0], SIZES[-1], 100)
    right.plot(fine, np.sqrt(2 * MODEL.noise_dims / fine), "--k", linewidth=1.4, label="√(2 noise dims / n), heuristic")
    right.axhline(level, color=group_color("B"), linewidth=1.4, label=f"λ of B = {level:.2f}")
    right.set(xscale="log", xlabel="pairs of views n", ylabel="cross-view correlation λ", ylim=(0, 1))
    right.legend(fontsize=8)
    demo.figures["finite_sample"] = figure
    sizes, mean, *_ = table.over_seeds("num_pairs", "overlap_B")
    shares = ", ".join(f"{share:.2f} at n = {size:g}" for size, share in zip(sizes, mean, strict=True))
    demo.lines += [
        f"part of B that is learned: {shares}",
        f"the edge of the noise, √(2·{MODEL.noise_dims}/n), falls to λ_B = {level:.2f} at n = {math.ceil(needed)}",
    ]
    return demo
