"""Grids of models, losses and dimensions, trained over seeds: one tidy row per cell and seed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from theory.closed_forms.boundaries import learned
from theory.losses.losses import AutogradLoss, CovarianceContrast, InfoNCE, Loss, Spectral
from theory.measures.embedding import effective_rank, energy_share, subspace_overlap
from theory.measures.probe import is_vacuous, probe, sign_accuracy
from theory.model.groups import GroupModel
from theory.model.moments import moments
from theory.model.parameters import cells, vary
from theory.simulation.optimizers import Adam, Optimizer
from theory.simulation.training import train
from theory.table import Table
from viewlearn.files import write_text

MAX_RUNS = 400  # trained at once; more bring no speed on a CPU, and a sweep resumes at these blocks
GROUP_FIELDS = ("mode", "views", "latent")


def sweep(
    model: GroupModel,
    grid: Mapping[str, Sequence],
    loss: Loss | None = None,
    dim: int | None = None,
    *,
    seeds: int = 20,
    num_steps: int = 600,
    optimizer: Optimizer | None = None,
    population: bool = False,
    init: float = 0.3,
    seed: int = 0,
    probe_noise: float = 0.0,
    readout: float | None = None,
    device: torch.device | str = "cpu",
    out: Path | str | None = None,
    progress: bool = False,
) -> Table:
    """Trains every cell of a grid over seeds and measures what was learned.

    Args:
        model: What the grid varies.
        grid: Axes by name: ``GROUP.destroy``, ``GROUP.strength``, ``noise``, ``shared_noise``, ``dim``, ``noise_dims``,
            ``GROUP.mode``, ``GROUP.views``, ``GROUP.latent``, or a field of the loss (``temperature``, …).
        loss: Default InfoNCE(0.2).
        dim: Embedding dimension, unless it is an axis; default ``model.default_dim()``.
        seeds: Runs per cell.
        num_steps: Optimizer steps of each.
        optimizer: Default Adam().
        population: Train on the exact loss of infinitely many samples; needs a loss with a closed form.
        init: Scale of the initial weights.
        seed: First seed.
        probe_noise: Noise in the inputs that are probed.
        readout: Read-out noise of the probe, relative; default 0, or 0.1 where a probe without it would be vacuous.
        device: Where to train.
        out: Folder for ``sweep.csv`` and ``settings.json``; a sweep that was cut off there goes on.
        progress: Show a progress bar.

    Returns:
        Columns: the axes; ``seed``; per group ``r2_``, ``accuracy_``, ``share_`` (of energy), ``overlap_``; and
        ``theory_r2_``, ``theory_accuracy_``, the closed form of the spectral loss, NaN where cosine InfoNCE has no
        bottleneck; ``effective_rank``; ``gap``, the difference of scores at the cut, by which the closed form decides.
    """
    loss = InfoNCE(0.2) if loss is None else loss
    optimizer = Adam() if optimizer is None else optimizer
    settings = {
        "model": _plain(model),
        "grid": {name: np.asarray(values).tolist() for name, values in grid.items()},
        "loss": _plain(loss),
        "dim": dim,
        "seeds": seeds,
        "num_steps": num_steps,
        "optimizer": _plain(optimizer),
        "population": population,
        "init": init,
        "seed": seed,
        "probe_noise": probe_noise,
        "readout": readout,
    }
    finished = _resume(Path(out), settings) if out is not None else None
    tables = [] if finished is None else [finished]
    done = set() if finished is None else set(finished["cell"].astype(int).tolist())
    blocks = list(_blocks(model, loss, dim, grid, seeds, done))
    total = sum(len(block["cell"]) for *_, block in blocks) * seeds * num_steps
    with tqdm(total=total, disable=not progress, unit="step", unit_scale=True, desc="runs x steps") as bar:
        for block_model, block_loss, block_dim, numeric, columns in blocks:
            numbers = vary(block_model, numeric)
            num_runs = len(numbers) * seeds
            trained = train(
                block_model,
                block_loss,
                block_dim,
                parameters=numbers,
                num_seeds=seeds,
                num_steps=num_steps,
                optimizer=optimizer,
                population=population,
                init=init,
                seed=seed,
                device=device,
                progress=lambda step, num_runs=num_runs: bar.update(step * num_runs),
            )
            measured = _measure(block_model, block_loss, trained.weight, numbers, probe_noise, readout)
            tables.append(_rows(columns, measured, seeds, seed))
            if out is not None:
                Table.concatenate(tables).write(Path(out) / "sweep.csv")
    table = Table.concatenate(tables)
    return table.where(np.argsort(table["cell"], kind="stable"))


def _blocks(model, loss, dim, grid, seeds, done) -> Iterator[tuple]:
    """Cells that can be trained as one batch: (model, loss, dim, numeric columns, all columns)."""
    columns = cells(grid) or {}
    num_cells = len(next(iter(columns.values()))) if columns else 1
    columns = {"cell": np.arange(num_cells), **columns}
    shape_axes = [name for name in grid if not _is_number(name)]
    keys = [tuple(columns[name][cell] for name in shape_axes) for cell in range(num_cells)]
    for key in dict.fromkeys(keys):
        block_model, block_loss, block_dim = model, loss, dim
        for name, value in zip(shape_axes, key, strict=True):
            block_model, block_loss, block_dim = _structure(block_model, block_loss, block_dim, name, value)
        mine = [cell for cell in range(num_cells) if keys[cell] == key and cell not in done]
        size = max(1, MAX_RUNS // seeds)
        for start in range(0, len(mine), size):
            part = {name: values[mine[start : start + size]] for name, values in columns.items()}
            numeric = {name: part[name] for name in grid if _is_number(name)}
            if not numeric:  # one cell without a numeric axis is the model itself
                numeric = {"noise": np.full(len(part["cell"]), block_model.noise)}
            yield block_model, block_loss, block_dim, numeric, part


def _is_number(axis: str) -> bool:
    return axis in ("noise", "shared_noise") or axis.endswith((".destroy", ".strength"))


def _structure(model: GroupModel, loss: Loss, dim: int | None, name: str, value):
    """Model, loss and dimension with one of them changed."""
    group, _, what = name.rpartition(".")
    if name == "dim":
        return model, loss, int(value)
    if name == "noise_dims":
        return replace(model, noise_dims=int(value)), loss, dim
    if group and what in GROUP_FIELDS:
        return model.with_group(group, **{what: str(value)}), loss, dim
    if not group and is_dataclass(loss) and name in {f.name for f in fields(loss)}:
        return model, replace(loss, **{name: value.item() if name != "batch_size" else int(value)}), dim
    known = "GROUP.destroy, GROUP.strength, GROUP.mode, GROUP.views, noise, shared_noise, noise_dims, dim"
    raise ValueError(f"no axis {name!r}; there are: {known}, and the loss's {', '.join(f.name for f in fields(loss))}")


def _measure(model, loss, weight, numbers, noise, readout) -> dict[str, np.ndarray]:
    dim = weight.shape[-2]
    if readout is None:
        readout = 0.1 if is_vacuous(model, dim, noise) else 0.0
    weight = weight.double().cpu()
    second = moments(model, numbers).second[:, None]
    found = probe(model, weight, numbers, noise, readout)
    predicted, gap = _closed_form(model, loss, dim, numbers)
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


def _closed_form(model, loss, dim, numbers) -> tuple[torch.Tensor, torch.Tensor]:
    """Part of each direction that the optimum holds, and the gap at the cut; NaN where no closed form speaks."""
    bottleneck = dim < model.num_features  # there, similarity and candidates hardly matter
    if isinstance(loss, InfoNCE) and (bottleneck or (loss.similarity, loss.candidates) == ("dot", "other view")):
        loss = Spectral()
    if isinstance(loss, Spectral | CovarianceContrast):
        return learned(model, loss, dim, numbers)
    unknown = torch.full_like(moments(model, numbers).second, float("nan"))
    return unknown, unknown[:, 0]


def _rows(columns, measured, seeds: int, first: int) -> Table:
    num_cells = len(columns["cell"])
    rows = {name: np.repeat(values, seeds) for name, values in columns.items()}
    rows["seed"] = np.tile(np.arange(first, first + seeds), num_cells)
    return Table(rows | {name: values.reshape(-1) for name, values in measured.items()})


def _plain(thing) -> dict:
    """An object's settings, as JSON knows them."""
    if isinstance(thing, GroupModel):
        basis = None if thing.basis is None else thing.basis.tolist()
        return {
            "groups": [asdict(group) | {"strengths": list(group.strengths)} for group in thing.groups],
            "noise": thing.noise,
            "shared_noise": thing.shared_noise,
            "noise_dims": thing.noise_dims,
            "basis": basis,
        }
    values = asdict(thing) if is_dataclass(thing) and not isinstance(thing, AutogradLoss) else {}
    if isinstance(thing, AutogradLoss):
        values = {
            "function": getattr(thing.function, "__qualname__", repr(thing.function)),
            "batch_size": thing.batch_size,
        }
    return json.loads(json.dumps({"type": type(thing).__name__, **values}))


def _resume(out: Path, settings: dict) -> Table | None:
    """The rows that are already there; ValueError if other settings made them."""
    path = out / "settings.json"
    if path.exists():
        before = json.loads(path.read_text())
        changed = [name for name in settings if before.get(name) != settings[name]]
        if changed:
            raise ValueError(f"{out} holds a sweep with another {', '.join(changed)}: give another folder or delete it")
        return Table.read(out / "sweep.csv") if (out / "sweep.csv").exists() else None
    write_text(path, json.dumps(settings, indent=2) + "\n")
    return None
