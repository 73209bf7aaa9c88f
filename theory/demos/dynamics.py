"""Strong first, invariant last: how learning passes through suppression, and easy positives starve the rest."""

import numpy as np
import torch
from matplotlib.axes import Axes

from theory.closed_forms.dynamics import escape_rate, gradient_flow, learning_times, starved_growth
from theory.demos.demo import Demo
from theory.losses.info_nce import InfoNCE
from theory.losses.quadratic import Spectral
from theory.measures.embedding import positive_probability
from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import moments
from theory.model.parameters import parameters_of
from theory.model.sampling import Sampler
from theory.plots import group_color, new_figure
from theory.table import TidyTable


def run(seeds: int = 200, progress: bool = False) -> Demo:
    """Plots logistic learning, escape from a saddle, and growth with few negatives, each beside its formula.

    ``seeds`` is the number of batches by which growth is measured; there is no progress to show.
    """
    demo = Demo("dynamics", settings={"batches": seeds})
    figure, axes = new_figure(columns=3)
    _plot_learning(axes[0], demo)
    _plot_escape(axes[1], demo)
    _plot_starvation(axes[2], demo, seeds)
    demo.figures["dynamics"] = figure
    return demo


def _plot_learning(ax: Axes, demo: Demo) -> None:
    groups = [FeatureGroup("A", (3.0,), 0.3), FeatureGroup("B", (1.0,)), FeatureGroup("C", (0.8,))]
    model = GroupModel(groups)
    times = torch.linspace(0.02, 2.5, 125, dtype=torch.float64)
    expected = learning_times(model, init=1e-2)
    path = gradient_flow(model, Spectral(), 1e-2 * torch.eye(3, dtype=torch.float64), times)
    squares = path.diagonal(dim1=-2, dim2=-1).square() / expected.final
    columns = {"time": times.numpy()}
    for index, group in enumerate(groups):
        color = group_color(group.name)
        correlation = moments(model).correlation[index]
        ax.plot(times[::6], squares[::6, index], "o", color=color, markersize=3.5, label=f"{group.name}, gradient flow")
        formula = expected.at(times)[:, index] / expected.final[index]
        ax.plot(times, formula, "--", color=color, linewidth=1.4, label=f"logistic, λ = {correlation:.2f}")
        reached = np.interp(0.5, squares[:, index], times)
        half = expected.half[index]
        demo.lines.append(f"{group.name}, λ = {correlation:.2f}: half learned at t = {reached:.3f}, formula {half:.3f}")
        columns |= {f"flow_{group.name}": squares[:, index].numpy(), f"formula_{group.name}": formula.numpy()}
    demo.tables["dynamics_learning"] = TidyTable(columns)
    ax.set(xlabel="time (gradient flow)", ylabel="squared weight / its end", title="room for all")
    ax.title.set_fontsize(10)
    ax.legend(fontsize=7, loc="lower right")


def _plot_escape(ax: Axes, demo: Demo) -> None:
    model = GroupModel([FeatureGroup("A", (4.0,), destroy=0.5), FeatureGroup("B", (1.0,))])
    exact = moments(model)
    times = torch.linspace(0.0, 5.0, 126, dtype=torch.float64)
    rate = escape_rate(model, held=0, waiting=1)
    columns = {"time": times.numpy()}
    for start, style in ((1e-2, "-"), (1e-4, ":")):
        path = gradient_flow(model, Spectral(), torch.tensor([[1e-2, start]], dtype=torch.float64), times)
        energy = path[:, 0].square() * exact.second
        share = (energy / energy.sum(-1, keepdim=True)).numpy()
        for index, name in enumerate("AB"):
            ax.plot(times, share[:, index], style, color=group_color(name), label=f"{name}, B starts at {start:g}")
            columns[f"share_{name}_{start:g}"] = share[:, index]
        demo.lines.append(
            f"one output, B's weight {start:g}: B takes half the energy at t = {np.interp(0.5, share[:, 1], times):.3f}"
        )
    demo.lines.append(f"escape rate {rate:.2f}: a hundredth of the start costs {np.log(100) / rate:.3f} more time")
    demo.tables["dynamics_escape"] = TidyTable(columns)
    ax.set(xlabel="time (gradient flow)", ylabel="share of the energy", title="one output: A first, then B")
    ax.title.set_fontsize(10)
    ax.legend(fontsize=7)


def _plot_starvation(ax: Axes, demo: Demo, batches: int) -> None:
    sizes = np.array([2, 4, 8, 16, 32, 64, 128, 256, 512])
    strong = torch.full((3,), 0.6, dtype=torch.float64)
    columns = {"batch_size": sizes.astype(float)}
    for destroy, color in ((0.0, group_color("B")), (0.3, group_color("C"))):
        model = GroupModel([FeatureGroup("A", (4,) * 3, destroy=destroy), FeatureGroup("B", (1.0,))])
        measured, errors, formula = [], [], []
        for size in sizes.tolist():
            rates, probability = _growth(model, strong, size, max(batches, 20_000 // size))
            measured.append(rates.mean().item())
            errors.append(2 * rates.std().item() / len(rates) ** 0.5)
            formula.append(starved_growth(model, "B", probability))
        ax.errorbar(
            sizes, measured, errors, fmt="o", color=color, markersize=3.5, label=f"measured ± 2 s.e., p = {destroy:g}"
        )
        ax.plot(sizes, formula, "--", color=color, linewidth=1.4, label=f"formula, p = {destroy:g}")
        demo.lines.append(
            f"growth of a small weight on B, A destroyed with p = {destroy:g}: N = 2: {measured[0]:.3f} "
            f"(formula {formula[0]:.3f}), N = 512: {measured[-1]:.3f} ({formula[-1]:.3f})"
        )
        columns |= {f"measured_p{destroy:g}": np.array(measured), f"formula_p{destroy:g}": np.array(formula)}
    demo.tables["dynamics_starvation"] = TidyTable(columns)
    ax.set(xscale="log", xlabel="pairs in a batch N", ylabel="growth rate of a small weight on B", ylim=(0, None))
    ax.set_title("easy positives starve B (dot product)", fontsize=10)
    ax.legend(fontsize=7)


def _growth(model: GroupModel, strong: torch.Tensor, size: int, batches: int) -> tuple[torch.Tensor, float]:
    """Returns growth rates ``−(∂L/∂w)/w`` at w = 1e-3 of every batch, and the mean probability of the positive by A."""
    sampler = Sampler(model, batches, size, dtype=torch.float64)
    x1, x2 = (x[0] for x in sampler.pairs(sampler.draw(), parameters_of(model)))
    weight = torch.cat([strong, torch.tensor([1e-3], dtype=torch.float64)])
    by_z1, by_z2 = InfoNCE(similarity="dot").gradients(x1 * weight, x2 * weight)
    slope = (by_z1[..., 3] * x1[..., 3] + by_z2[..., 3] * x2[..., 3]).sum(-1)
    return -slope / 1e-3, positive_probability(x1[..., :3] * strong, x2[..., :3] * strong).mean().item()
