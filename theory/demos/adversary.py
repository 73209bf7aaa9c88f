"""A view that learns: which features does a budgeted adversary destroy, and does the game settle?"""

import torch
from matplotlib.axes import Axes
from tqdm import tqdm

from theory.demos.demo import Demo
from theory.model.groups import FeatureGroup, GroupModel
from theory.model.moments import moments
from theory.plots import group_color, new_figure
from theory.simulation.adversaries import AdditiveAdversary, Adversary, DestroyAdversary
from theory.simulation.game import Game, Updates, play
from theory.table import TidyTable

MODEL = GroupModel([FeatureGroup("A", (6,) * 2), FeatureGroup("B", (2,) * 2), FeatureGroup("C", (1,) * 2)])
NUM_STEPS = 1500


def run(seeds: int = 1, progress: bool = False) -> Demo:
    """Plots both players' trajectories: room for all and a bottleneck, destroying and adding, both orders of updates.

    ``seeds`` is the number of initial encoders; the first is plotted, all are in the tables.
    """
    demo = Demo("adversary", settings={"seeds": seeds, "model": repr(MODEL), "steps": NUM_STEPS})
    destroy, additive = DestroyAdversary(MODEL, 2.0), AdditiveAdversary(MODEL, 3.0)
    sparse = AdditiveAdversary(MODEL, 3.0, "l1")
    panels: list[tuple[str, Adversary, int, Updates]] = [
        ("destroy_room_simultaneous", destroy, 6, "simultaneous"),
        ("destroy_room_alternating", destroy, 6, "alternating"),
        ("destroy_bottleneck_simultaneous", destroy, 2, "simultaneous"),
        ("destroy_bottleneck_alternating", destroy, 2, "alternating"),
        ("destroy_bottleneck_optimal_encoder", destroy, 2, "best-response"),
        ("additive_l2_room_simultaneous", additive, 6, "simultaneous"),
        ("additive_l1_room_simultaneous", sparse, 6, "simultaneous"),
    ]
    games: dict[str, Game] = {}
    for name, adversary, dim, updates in tqdm(panels, disable=not progress, desc="games"):
        for seed in range(seeds):
            game = play(adversary, dim, updates=updates, num_steps=NUM_STEPS, seed=seed)
            demo.tables[f"adversary_{name}" + (f"_{seed}" if seed else "")] = _table(game)
            games.setdefault(name, game)
        demo.lines.append(_line(name, games[name]))
    figure, axes = new_figure(columns=3, rows=2, height=3.1)
    response = destroy.best_response()
    _plot_destroying(axes[0], games["destroy_room_simultaneous"], response, "destroy, room for all (m = 6)")
    _plot_destroying(axes[1], games["destroy_bottleneck_simultaneous"], None, "destroy, m = 2, simultaneous")
    _plot_destroying(axes[2], games["destroy_bottleneck_alternating"], None, "destroy, m = 2, alternating")
    _plot_encoder(axes[3], games["destroy_bottleneck_simultaneous"], "its encoder: the groups take turns")
    _plot_distortion(axes[4], games["additive_l2_room_simultaneous"], additive.best_response(), "additive, L2 budget")
    _plot_distortion(axes[5], games["additive_l1_room_simultaneous"], None, "additive, L1 budget")
    demo.figures["adversary"] = figure
    demo.lines.append(f"closed form, destroy, room for all: p = {_list(response)}")
    demo.lines.append(f"closed form, additive L2, room for all: E δ² = {_list(_by_group(additive.best_response()))}")
    return demo


def _plot_destroying(ax: Axes, game: Game, closed_form: torch.Tensor | None, title: str) -> None:
    for index, name in enumerate("ABC"):
        ax.plot(game.spent[:, index], color=group_color(name), linewidth=1.2, label=name)
        if closed_form is not None:
            ax.axhline(
                closed_form[index].item(),
                color=group_color(name),
                linestyle="--",
                linewidth=1,
                label=f"{name}, closed form",
            )
    ax.set(xlabel="step", ylabel="destroy probability p", ylim=(0, 0.75))
    ax.set_title(title, fontsize=10)
    ax.legend(fontsize=7, ncols=2 if closed_form is not None else 3, loc="upper right")


def _plot_encoder(ax: Axes, game: Game, title: str) -> None:
    share = game.energy / game.energy.sum(-1, keepdim=True)
    for name in "ABC":
        ax.plot(share[:, MODEL.directions(name)].sum(-1), color=group_color(name), linewidth=1.2, label=name)
    ax.set(xlabel="step", ylabel="share of the energy", ylim=(0, 1.02))
    ax.set_title(title, fontsize=10)
    ax.legend(fontsize=7, ncols=3)


def _plot_distortion(ax: Axes, game: Game, closed_form: torch.Tensor | None, title: str) -> None:
    spent = _by_group(game.spent) / game.spent.sum(-1, keepdim=True)
    correlation = moments(MODEL).correlation
    for index, name in enumerate("ABC"):
        start = MODEL.directions(name).start
        label = f"{name} (strength {MODEL.group(name).strengths[0]:g}, λ {correlation[start]:.2f})"
        ax.plot(spent[:, index], color=group_color(name), linewidth=1.2, label=label)
        if closed_form is not None:
            share = _by_group(closed_form)[index] / closed_form.sum()
            ax.axhline(share.item(), color=group_color(name), linestyle="--", linewidth=1)
    ax.set(xlabel="step", ylabel="share of the budget", ylim=(-0.02, 1.15))
    ax.set_title(title + (" (dashed: closed form)" if closed_form is not None else ""), fontsize=10)
    ax.legend(fontsize=7, loc="center right")


def _by_group(values: torch.Tensor) -> torch.Tensor:
    """Returns sums over each group's directions."""
    return torch.stack([values[..., MODEL.directions(g.name)].sum(-1) for g in MODEL.groups], -1)


def _table(game: Game) -> TidyTable:
    spent = game.spent if game.spent.shape[-1] == len(MODEL.groups) else _by_group(game.spent)
    energy = _by_group(game.energy)
    columns = {"step": torch.arange(len(spent)).double().numpy(), "loss": game.loss.numpy()}
    for index, group in enumerate(MODEL.groups):
        columns[f"spent_{group.name}"] = spent[:, index].numpy()
        columns[f"energy_{group.name}"] = energy[:, index].numpy()
        columns[f"lambda_{group.name}"] = game.correlation[:, MODEL.directions(group.name).start].numpy()
    return TidyTable(columns)


def _line(name: str, game: Game) -> str:
    late = game.spent[-len(game.spent) // 4 :].mean(0)
    values = late if len(late) == len(MODEL.groups) else _by_group(late)
    motion = game.cycling()
    state = f"cycles, ± {motion:.0%}" if motion > 0.05 else f"at rest, ± {motion:.1%}"
    return f"{name.replace('_', ' ')}: {_list(values)}, {state}"


def _list(values: torch.Tensor) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in zip("ABC", values.tolist(), strict=True))
