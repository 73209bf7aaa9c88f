"""The command ``predict``: the linear model's prediction for a real run, beside what probes measured."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

import audio  # noqa: F401  (runs name the classes of both modalities)
import vision  # noqa: F401
from theory.prediction import Prediction, predict
from theory.table import TidyTable
from viewlearn.data import take
from viewlearn.evaluation import Results
from viewlearn.runs import Parts, RunFolder, load_run, make_parser
from viewlearn.sampling import subset

VIEW_SIDE = 16  # views are averaged to this many rows and columns before their principal components are taken


def predict_run(
    run: Path,
    dim: int | None = None,
    temperature: float | None = None,
    num_pairs: int = 4096,
    components: int = 64,
    seed: int = 0,
) -> tuple[list[str], TidyTable]:
    """Returns lines to print and a table with one row per task.

    Args:
        run: Folder of a run with a checkpoint.
        dim: Embedding dimension; default that of the run's loss.
        temperature: Temperature; default that of the run.
        num_pairs: Number of training samples of which two views each are drawn.
        components: Number of principal components of the views that are kept.
        seed: Seed of samples and views.
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
    prediction = predict(x1, x2, labels, dim, temperature, components=min(components, len(x1) // 4))
    results = Results.load(folder.results) if folder.results.is_file() else None
    return _report(prediction, results, dim, temperature, len(x1))


def pairs_of_views(parts: Parts, num_pairs: int, seed: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Returns two views of training samples as the encoder reads them, and the labels of fully labeled tasks."""
    dataset = parts.data.split("train")
    generator = torch.Generator().manual_seed(seed)
    samples = take(dataset, subset(len(dataset), num_pairs, generator))
    views = parts.method.views.eval()
    with torch.no_grad():
        pairs = [[_small(views(x, generator)) for x in samples.x.split(256)] for _ in "12"]
    labels = {task: classes for task, classes in samples.labels.items() if (classes >= 0).all()}
    return torch.cat(pairs[0]), torch.cat(pairs[1]), labels


def _small(x: Tensor) -> Tensor:
    return adaptive_avg_pool2d(x.float(), (min(VIEW_SIDE, x.shape[-2]), min(VIEW_SIDE, x.shape[-1])))


def _report(
    prediction: Prediction, results: Results | None, dim: int, temperature: float, num_pairs: int
) -> tuple[list[str], TidyTable]:
    order = sorted(prediction.tasks.values(), key=lambda task: -task.mean_correlation)
    measured = {row.task: row for row in results.rows if row.probe == "linear"} if results else {}
    lines = [
        f"m = {dim}, τ = {temperature:g}, {num_pairs} pairs; λ at the cut {prediction.cut:.3f}, edge of the noise "
        f"{prediction.noise_edge:.3f}",
        f"{'task':<14} {'mean λ':>7} {'kept':>6} {'energy':>7}   {'linear probe':<24} suppressed by",
    ]
    for task in order:
        row = measured.get(task.name)
        probe = "not evaluated"
        if row is not None:
            random = "" if row.random is None else f", random {row.random.accuracy:.3f}"
            probe = f"{row.trained.accuracy:.3f}{random}"
        rivals = ", ".join(task.suppressed_by) or "—"
        numbers = f"{task.mean_correlation:>7.3f} {task.captured:>6.1%} {task.share:>7.1%}"
        lines.append(f"{task.name:<14} {numbers}   {probe:<24} {rivals}")
    lines.append("λ and energies are those of a linear encoder of the views' pixels; a deep encoder may find more.")
    accuracy = [measured[task.name].trained.accuracy if task.name in measured else np.nan for task in order]
    table = {
        "task": [task.name for task in order],
        "correlation": [task.mean_correlation for task in order],
        "captured": [task.captured for task in order],
        "share": [task.share for task in order],
        "probe_accuracy": accuracy,
    }
    return lines, TidyTable(table)
