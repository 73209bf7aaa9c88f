"""Grids of models, losses and dimensions, trained over seeds: one row per cell and seed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from theory.closed_forms.boundaries import learned
from theory.losses.info_nce import InfoNCE
from theory.losses.loss import Loss
from theory.measures.embedding import effective_rank, energy_share, subspace_overlap
from theory.measures.probe import is_vacuous, probe, sign_accuracy
from theory.model.groups import GroupModel
from theory.model.moments import moments
from theory.model.parameters import Parameters, Values, cells, vary
from theory.simulation.optimization import Optimization
from theory.simulation.training import train
from theory.table import TidyTable
from viewlearn.files import write_text

MAX_RUNS = 400  # trained at once; more bring no speed on a CPU, and a sweep resumes at these blocks
GROUP_FIELDS = ("mode", "views", "latent")

Columns = dict[str, np.ndarray]


def sweep(
    model: GroupModel,
    grid: Mapping[str, Values],
    loss: Loss | None = None,
    dim: int | None = None,
    optimization: Optimization | None = None,
    *,
    seeds: int = 20,
    seed: int = 0,
    probe_noise: float = 0.0,
    readout: float | None = None,
    device: torch.device | str = "cpu",
    out: Path | str | None = None,
    progress: bool = False,
) -> TidyTable:
    """Trains every cell of a grid over seeds and measures what was learned.

    Args:
        model: Model that the grid varies.
        grid: Axes by name: ``GROUP.destroy``, ``GROUP.strength``, ``noise``, ``shared_noise``, ``dim``, ``noise_dims``,
            ``GROUP.mode``, ``GROUP.views``, ``GROUP.latent``, or a field of the loss (``temperature``, …).
        loss: Loss that is trained; default InfoNCE(0.2).
        dim: Embedding dimension, unless it is an axis; default ``model.default_dim()``.
        optimization: Settings of gradient descent; default ``Optimization()``.
        seeds: Number of runs per cell.
        seed: First seed.
        probe_noise: Standard deviation of the noise in the probed inputs.
        readout: Relative read-out noise of the probe; default 0, or 0.1 where a probe without it would be vacuous.
        device: Device on which encoders are trained.
        out: Folder for ``sweep.csv`` and ``settings.json``; a sweep that was interrupted there is continued.
        progress: Whether a progress bar is shown.

    Returns:
        Columns: the axes; ``seed``; per group ``r2_``, ``accuracy_``, ``share_`` (of energy), ``overlap_``; and
        ``theory_r2_``, ``theory_accuracy_``, the closed form, NaN where there is none, as for cosine InfoNCE without a
        bottleneck; ``effective_rank``; ``gap``, the difference of scores by which the closed form decides.
    """
    loss = InfoNCE(0.2) if loss is None else loss
    optimization = Optimization() if optimization is None else optimization
    settings = {
        "model": model.settings(),
        "grid": {name: np.asarray(values).tolist() for name, values in grid.items()},
        "loss": loss.settings(),
        "dim": dim,
        "seeds": seeds,
        "seed": seed,
        **asdict(optimization),
        "probe_noise": probe_noise,
        "readout": readout,
    }
    finished = None if out is None else _resume(Path(out), json.loads(json.dumps(settings)))
    tables = [] if finished is None else [finished]
    done = set() if finished is None else set(finished["cell"].astype(int).tolist())
    blocks = list(_blocks(model, loss, dim, grid, seeds, done))
    total = sum(block.num_cells for block in blocks) * seeds * optimization.num_steps
    with tqdm(total=total, disable=not progress, unit="step", unit_scale=True, desc="runs x steps") as bar:
        for block in blocks:
            numbers = block.numbers()
            num_runs = block.num_cells * seeds
            trained = train(
                block.model,
                block.loss,
                block.dim,
                optimization,
                parameters=numbers,
                num_seeds=seeds,
                seed=seed,
                device=device,
                progress=lambda step, num_runs=num_runs: bar.update(step * num_runs),
            )
            measured = _measure(block, numbers, trained.weight, probe_noise, readout)
            tables.append(_rows(block.columns, measured, seeds, seed))
            if out is not None:
                TidyTable.concatenate(tables).write(Path(out) / "sweep.csv")
    table = TidyTable.concatenate(tables)
    return table.where(np.argsort(table["cell"], kind="stable"))


@dataclass(frozen=True)
class Block:
    """Cells that can be trained as one batch, as they differ in numbers alone.

    Args:
        model: Layout, and the numbers that don't vary.
        loss: Loss of the cells.
        dim: Embedding dimension; None is the model's default.
        columns: ``cell`` and the value of every axis, each (cells,).
    """

    model: GroupModel
    loss: Loss
    dim: int | None
    columns: Columns

    @property
    def num_cells(self) -> int:
        """Number of cells."""
        return len(self.columns["cell"])

    def numbers(self) -> Parameters:
        """Returns the numbers of the cells."""
        numeric = {name: values for name, values in self.columns.items() if _is_number(name)}
        if not numeric:  # one cell without a numeric axis is the model itself
            numeric = {"noise": np.full(self.num_cells, self.model.noise)}
        return vary(self.model, numeric)


def _blocks(
    model: GroupModel,
    loss: Loss,
    dim: int | None,
    grid: Mapping[str, Values],
    seeds: int,
    done: set[int],
) -> Iterator[Block]:
    axes = cells(grid)
    num_cells = len(next(iter(axes.values()))) if axes else 1
    columns = {"cell": np.arange(num_cells), **axes}
    shape_axes = [name for name in grid if not _is_number(name)]
    keys = [tuple(columns[name][cell] for name in shape_axes) for cell in range(num_cells)]
    for key in dict.fromkeys(keys):
        shape = Block(model, loss, dim, {})
        for name, value in zip(shape_axes, key, strict=True):
            shape = _with_axis(shape, name, value)
        mine = [cell for cell in range(num_cells) if keys[cell] == key and cell not in done]
        size = max(1, MAX_RUNS // seeds)
        for start in range(0, len(mine), size):
            yield replace(shape, columns={name: v[mine[start : start + size]] for name, v in columns.items()})


def _is_number(axis: str) -> bool:
    return axis in ("noise", "shared_noise") or axis.endswith((".destroy", ".strength"))


def _with_axis(block: Block, name: str, value: np.generic) -> Block:
    """Returns the block with its model, loss or dimension changed."""
    group, _, what = name.rpartition(".")
    if name == "dim":
        return replace(block, dim=int(value))
    if name == "noise_dims":
        return replace(block, model=replace(block.model, noise_dims=int(value)))
    if group and what in GROUP_FIELDS:
        return replace(block, model=block.model.with_group(group, **{what: str(value)}))
    own = [field.name for field in fields(block.loss)]
    if name in own:
        return replace(block, loss=block.loss.with_setting(name, int(value) if name == "batch_size" else value.item()))
    known = "GROUP.destroy, GROUP.strength, GROUP.mode, GROUP.views, noise, shared_noise, noise_dims, dim"
    raise ValueError(f"no axis {name!r}; there are: {known}, and the loss's {', '.join(own)}")


def _measure(
    block: Block, numbers: Parameters, weight: torch.Tensor, noise: float, readout: float | None
) -> dict[str, np.ndarray]:
    """Returns the columns of what was learned, each (cells, seeds)."""
    model, dim = block.model, weight.shape[-2]
    if readout is None:
        readout = 0.1 if is_vacuous(model, dim, noise) else 0.0
    weight = weight.double().cpu()
    second = moments(model, numbers).second[:, None]
    found = probe(model, weight, numbers, noise, readout)
    predicted, gap = _closed_form(model, block.loss, dim, numbers)
    one = np.ones((1, weight.shape[1]))
    measured = {"effective_rank": effective_rank(weight).numpy(), "gap": gap.numpy()[:, None] * one}
    for group in model.groups:
        where = model.directions(group.name)
        measured[f"r2_{group.name}"] = found.group_r2(group.name).numpy()
        measured[f"accuracy_{group.name}"] = found.group_accuracy(group.name).numpy()
        measured[f"share_{group.name}"] = energy_share(model, weight, second, group.name).numpy()
        measured[f"overlap_{group.name}"] = subspace_overlap(model, weight, group.name).numpy()
        measured[f"theory_r2_{group.name}"] = predicted[:, where].mean(-1, keepdim=True).numpy() * one
        label = sign_accuracy(predicted[:, where.start, None])
        measured[f"theory_accuracy_{group.name}"] = label.numpy() * one
    return measured


def _closed_form(model: GroupModel, loss: Loss, dim: int, numbers: Parameters) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the part of each direction that the optimum holds, and the gap; NaN where no closed form is known."""
    form = loss.quadratic_form(bottleneck=dim < model.num_features)
    if form is None:
        unknown = torch.full_like(moments(model, numbers).second, float("nan"))
        return unknown, unknown[:, 0]
    return learned(model, form, dim, numbers)


def _rows(columns: Columns, measured: dict[str, np.ndarray], seeds: int, first: int) -> TidyTable:
    num_cells = len(columns["cell"])
    rows = {name: np.repeat(values, seeds) for name, values in columns.items()}
    rows["seed"] = np.tile(np.arange(first, first + seeds), num_cells)
    return TidyTable(rows | {name: values.reshape(-1) for name, values in measured.items()})


def _resume(out: Path, settings: dict[str, object]) -> TidyTable | None:
    """Returns the rows that are already there; ValueError if other settings made them."""
    path = out / "settings.json"
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [name for name in settings if before.get(name) != settings[name]]
        if changed:
            raise ValueError(
                f"{out} holds a sweep with another {', '.join(changed)}: choose another folder or delete it"
            )
        return TidyTable.read(out / "sweep.csv") if (out / "sweep.csv").exists() else None
    write_text(path, json.dumps(settings, indent=2) + "\n")
    return None
