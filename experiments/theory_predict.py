"""The linear model's prediction for a real run, beside what probes measured: ``experiments/theory.py predict``."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

import audio  # noqa: F401  (runs name the classes of both modalities)
import vision  # noqa: F401
from theory.prediction import Bridge, estimate
from theory.table import Table
from viewlearn.data import take
from viewlearn.evaluation import Results
from viewlearn.runs import Parts, RunFolder, load_run, make_parser
from viewlearn.sampling import subset

GRID = 16  # views are averaged to this many rows and columns before their principal components are taken


def predict(
    run: Path,
    dim: int | None = None,
    temperature: float | None = None,
    num_pairs: int = 4096,
    components: int = 64,
    seed: int = 0,
) -> tuple[list[str], Table]:
    """Lines to print and a table with one row per task.

    Args:
        run: Folder of a run with a checkpoint.
        dim: Embedding dimension; default that of the run's loss.
        temperature: Default that of the run.
        num_pairs: Training samples of which two views each are drawn.
        components: Principal components of the views.
        seed: Of samples and views.
    """
    folder = RunFolder(run)
    config, parts = load_run(make_parser(""), folder)
    settings = config.method.get("init_args") or {}
    if dim is None:
        dim = settings.get("dim") if settings.get("head") != "none" else None
        dim = parts.encoder.num_features if dim is None else dim
    temperature = settings.get("temperature", 0.2) if temperature is None else temperature
    x1, x2, labels = pairs_of_views(parts, num_pairs, seed)
    if not labels:
        raise ValueError(f"the data of {run} have no labeled task whose correlation could be estimated")
    bridge = estimate(x1, x2, labels, dim, temperature, components=min(components, len(x1) // 4))
    results = Results.load(folder.results) if folder.results.is_file() else None
    return _report(bridge, results, dim, temperature, len(x1))


def pairs_of_views(parts: Parts, num_pairs: int, seed: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Two views of training samples as the encoder reads them, and the labels of tasks that all of them have."""
    dataset = parts.data.split("train")
    generator = torch.Generator().manual_seed(seed)
    samples = take(dataset, subset(len(dataset), num_pairs, generator))
    views = parts.method.views.eval()
    with torch.no_grad():
        pairs = [[_small(views(x, generator)) for x in samples.x.split(256)] for _ in "12"]
    labels = {task: classes for task, classes in samples.labels.items() if (classes >= 0).all()}
    return torch.cat(pairs[0]), torch.cat(pairs[1]), labels


def _small(x: Tensor) -> Tensor:
    return adaptive_avg_pool2d(x.float(), (min(GRID, x.shape[-2]), min(GRID, x.shape[-1])))


def _report(bridge: Bridge, results: Results | None, dim: int, temperature: float, num_pairs: int):
    order = sorted(bridge.factors.values(), key=lambda factor: -factor.strength)
    measured = {row.task: row for row in results.rows if row.probe == "linear"} if results else {}
    lines = [
        f"m = {dim}, τ = {temperature:g}, {num_pairs} pairs; λ at the cut {bridge.cut:.3f}, edge of the noise "
        f"{bridge.noise_edge:.3f}",
        f"{'task':<14} {'mean λ':>7} {'kept':>6} {'energy':>7}   {'linear probe':<24} suppressed by",
    ]
    for factor in order:
        row = measured.get(factor.name)
        probe = "not evaluated"
        if row is not None:
            random = "" if row.random is None else f", random {row.random.accuracy:.3f}"
            probe = f"{row.trained.accuracy:.3f}{random}"
        rivals = ", ".join(factor.suppressed_by) or "—"
        numbers = f"{factor.strength:>7.3f} {factor.captured:>6.1%} {factor.share:>7.1%}"
        lines.append(f"{factor.name:<14} {numbers}   {probe:<24} {rivals}")
    lines.append("λ and energies are those of a linear encoder of the views' pixels; a deep encoder may find more.")
    accuracy = [measured[f.name].trained.accuracy if f.name in measured else np.nan for f in order]
    table = {
        "task": [factor.name for factor in order],
        "correlation": [factor.strength for factor in order],
        "captured": [factor.captured for factor in order],
        "share": [factor.share for factor in order],
        "probe_accuracy": accuracy,
    }
    return lines, Table({name: np.array(values) for name, values in table.items()})
