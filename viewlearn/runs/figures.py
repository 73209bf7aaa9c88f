"""Pictures of runs: their views and curves, what their features put side by side, and which embedding space decides."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from viewlearn import plots
from viewlearn.data import Data, take
from viewlearn.evaluation.probes import (
    Extraction,
    clean_features,
    extract_features,
    fit_linear_probe,
    head_contributions,
    layered,
    limited,
    nearest_neighbors,
    validation_samples,
)
from viewlearn.runs.evaluator import Evaluator
from viewlearn.runs.folder import RunFolder
from viewlearn.sampling import subset
from viewlearn.views import Compose, pipeline

NUM_SAMPLES = 8


@torch.no_grad()
def save_figures(folder: RunFolder, data: Data, views: Compose, device: torch.device, seed: int = 0) -> list[Path]:
    """Draws the gallery of a run's views, what they decided, and the curves of what it logged.

    Args:
        folder: Folder of the run, with its ``metrics.jsonl``.
        data: Data of the run; samples of its test split are shown.
        views: Pipeline of the run.
        device: Device of the views.
        seed: Seed of which samples are shown, and of the views' draws.

    Returns:
        The paths of the pictures.
    """
    dataset = data.split("test")
    generator = torch.Generator().manual_seed(seed)
    x = take(dataset, subset(len(dataset), NUM_SAMPLES, generator)).x.to(device)
    seen = slice(0, data.spec.own_channels)
    clean = pipeline(data.decode, data.front_end)(x)[:, seen].float().cpu()
    training = views.training
    views.eval()
    viewed = [views(x, generator)[:, seen].float().cpu() for _ in range(2)]
    decided = _decided(views, x, generator, seen)
    views.train(training)
    kind = "spectrogram" if data.spec.sample_rate else "image"
    gallery = plots.save_views_gallery(
        folder.figures / "views.png", clean, viewed, kind=kind, title="Views of test samples"
    )
    chance = {task: 1 / len(names) for task, names in data.spec.tasks.items()}
    curves = plots.save_loss_curves(folder.figures / "curves.png", folder.metrics, chance=chance)
    decisions = plots.save_decisions(folder.figures / "decisions.png", decided, low_first=kind == "spectrogram")
    return [gallery, curves] + ([decisions] if decisions else [])


def _decided(views: Compose, x: Tensor, generator: torch.Generator, seen: slice) -> "list[plots.Decided]":
    """What each entry decides about x under one draw."""
    params = views.sample(x, generator)
    decided = []
    for name, view in views.entries.items():
        decided.append(plots.Decided(name, x[:, seen], view.resolve(x, params[name])))
        x = view.transform(x, params[name])
    return decided


@torch.no_grad()
def save_neighbors_of_runs(
    evaluator: Evaluator,
    runs: Sequence[Path | str],
    path: Path | str,
    *,
    layers: Sequence[str] = ("V",),
    num_queries: int = 6,
    k: int = 4,
    num_test: int | None = None,
    seed: int = 0,
) -> Path:
    """Draws test samples and their nearest neighbors among the test samples, all runs and layers side by side.

    Frames tell whether a neighbor has the query's label, of the data's first task. Xiao et al., ICLR 2021, figure 3,
    is such a figure.

    Args:
        evaluator: Reads the runs.
        runs: Folders of the runs; all on the same data.
        path: Picture to write.
        layers: Layers whose features are compared, see ``layered``.
        num_queries: Number of queries, a row each.
        k: Number of neighbors.
        num_test: Number of test samples, at most; None for all.
        seed: Seed of which samples are taken.

    Raises:
        ValueError: Runs on different data, an unknown layer, or fewer samples than neighbors.
    """
    whole = evaluator.load(runs[0])[1].data
    data = limited(whole, num_test=num_test, seed=seed)
    test = data.split("test")
    samples = take(test, torch.arange(len(test)))
    queries = subset(len(samples), num_queries, seed)
    clean, extraction = pipeline(data.decode, data.front_end), Extraction(layers, device=evaluator.device)
    neighbors = {}
    for run in runs:
        parts = evaluator.load(run)[1]
        if parts.data is not whole:
            raise ValueError(f"{run} is on other data than {runs[0]}: their neighbors can't stand side by side")
        features = extract_features(layered(parts.method), samples, clean, extraction)
        for layer in layers:
            x = features.layer(layer)
            name = Path(run).name if len(layers) == 1 else f"{Path(run).name}, {layer}"
            neighbors[name] = nearest_neighbors(x[queries], x, k, exclude=queries)[0]
    images = clean.cpu()(samples.x)[:, : data.spec.own_channels].float()
    if data.spec.sample_rate:
        images = (images - images.min()) / (images.max() - images.min())
    task = next(iter(data.spec.tasks), None)
    labels = None if task is None else samples.labels.get(task, torch.full((len(samples),), -1))
    return plots.save_neighbors(
        path,
        images[queries],
        images,
        neighbors,
        query_labels=None if labels is None else labels[queries],
        labels=labels,
        classes=None if task is None else data.spec.tasks[task],
        title=f"Nearest neighbors of test samples{'' if task is None else f' (frames: the same {task}?)'}",
    )


def save_heads_of_run(
    evaluator: Evaluator,
    run: Path | str,
    path: Path | str,
    *,
    task: str | None = None,
    num_classes: int = 3,
    num_train: int | None = None,
    num_test: int | None = None,
    seed: int = 0,
) -> Path:
    """Draws what each embedding space adds to correct predictions of a linear classifier on all of them.

    A panel for all classes, and one for each of the classes with the most correct predictions (``head_contributions``;
    Xiao et al., ICLR 2021, figure 4).

    Args:
        evaluator: Reads the run.
        run: Folder of the run.
        path: Picture to write.
        task: Task whose classes are predicted; None for the data's first.
        num_classes: Number of panels besides that of all classes.
        num_train: Number of training samples, at most; None for all.
        num_test: Number of test samples, at most; None for all.
        seed: Seed of which samples are taken.

    Raises:
        ValueError: A run without embedding spaces, an unknown task, or no correct prediction.
    """
    parts = evaluator.load(run)[1]
    encoder = layered(parts.method)
    layers = [f"Z_{space}" for space in encoder.spaces]
    if not layers:
        raise ValueError(f"{run}: {type(parts.method).__name__} has no embedding spaces to tell apart")
    data = limited(parts.data, num_train, num_test, seed)
    task = task or next(iter(data.spec.tasks), None)
    if task not in data.spec.tasks:
        raise ValueError(f"task is {task!r}; the data's tasks are: {', '.join(data.spec.tasks) or 'none'}")
    features = clean_features(encoder, data, Extraction(layers, device=evaluator.device))
    joined = "+".join(layers)
    classifier, _ = fit_linear_probe(
        features["train"].layer(joined),
        features["train"].labels_of(task),
        validation=validation_samples(features, task, joined),
        seed=seed,
    )
    test = features["test"]
    contributions, labels = head_contributions(classifier, test, layers, test.labels_of(task))
    names, counts = data.spec.tasks[task], labels.bincount(minlength=len(data.spec.tasks[task]))
    shown = {label: names[label] for label in counts.topk(num_classes).indices.tolist() if counts[label] > 0}
    return plots.save_head_histograms(
        path, contributions, labels, classes=shown, title=f"{Path(run).name}: which space tells the {task}"
    )
