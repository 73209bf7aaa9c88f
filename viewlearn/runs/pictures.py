"""Pictures of what finished runs' features say: nearest neighbors, and which embedding space decides."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from viewlearn.evaluation import (
    LimitedData,
    clean_features,
    extract_features,
    head_contributions,
    layered,
    nearest_neighbors,
)
from viewlearn.evaluation.probes.clean import held_out, labels_of
from viewlearn.evaluation.probes.linear import fit_linear_probe
from viewlearn.plots import save_head_histograms, save_neighbors
from viewlearn.runs.evaluator import Evaluator
from viewlearn.sampling import subset
from viewlearn.views import pipeline


@torch.no_grad()
def draw_neighbors(
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

    Frames tell whether a neighbor has the query's label, of the data's first task. LooC's figure of the kind is Xiao
    et al., ICLR 2021, figure 3.

    Args:
        evaluator: reads the runs.
        runs: their folders; all on the same data.
        path: of the picture.
        layers: whose features, see ``layered``.
        num_queries: rows.
        k: neighbors.
        num_test: test samples at most; None for all.
        seed: of which samples.

    Raises:
        ValueError: runs on different data, a layer that a run doesn't have, or fewer samples than neighbors.
    """
    data, neighbors = None, {}
    for run in runs:
        _, parts = evaluator.load(run)
        if data is not None and parts.data is not data.data:
            raise ValueError(f"{run} is on other data than {runs[0]}: their neighbors can't stand side by side")
        data = data or LimitedData(parts.data, num_test=num_test, seed=seed)
        clean = pipeline(data.decode, data.front_end)
        found = extract_features(
            layered(parts.method), data.split("test"), clean, layers=list(layers), device=evaluator.device
        )
        queries = subset(len(found.index), num_queries, seed)
        for layer in layers:
            x = found.layer(layer)
            name = Path(run).name if len(layers) == 1 else f"{Path(run).name}, {layer}"
            neighbors[name] = nearest_neighbors(x[queries], x, k, exclude=queries)[0]
    task = next(iter(data.spec.tasks), None)
    labels = None if task is None else labels_of(found, task)
    images = _as_images(data)
    return save_neighbors(
        path,
        images[queries],
        images,
        neighbors,
        query_labels=None if labels is None else labels[queries],
        labels=labels,
        classes=None if task is None else data.spec.tasks[task],
        title=f"Nearest neighbors of test samples{'' if task is None else f' (frames: the same {task}?)'}",
    )


def draw_heads(
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
        evaluator: reads the run.
        run: its folder.
        path: of the picture.
        task: whose classes; None for the data's first.
        num_classes: panels besides that of all classes.
        num_train, num_test: samples at most; None for all.
        seed: of which samples.

    Raises:
        ValueError: a run without embedding spaces, a task that there isn't, or nothing that is classified correctly.
    """
    _, parts = evaluator.load(run)
    encoder = layered(parts.method)
    layers = [f"Z_{space}" for space in encoder.spaces]
    if not layers:
        raise ValueError(f"{run}: {type(parts.method).__name__} has no embedding spaces to tell apart")
    data = LimitedData(parts.data, num_train, num_test, seed)
    task = task or next(iter(data.spec.tasks), None)
    if task not in data.spec.tasks:
        raise ValueError(f"task is {task!r}; the data's tasks are: {', '.join(data.spec.tasks) or 'none'}")
    features = clean_features(encoder, data, layers=layers, device=evaluator.device)
    joined = "+".join(layers)
    classifier, _ = fit_linear_probe(
        features["train"].layer(joined),
        labels_of(features["train"], task),
        validation=held_out(features, task, joined),
        seed=seed,
    )
    test = features["test"]
    contributions, labels = head_contributions(classifier, test, layers, labels_of(test, task))
    names, counts = data.spec.tasks[task], labels.bincount(minlength=len(data.spec.tasks[task]))
    shown = {label: names[label] for label in counts.topk(num_classes).indices.tolist() if counts[label] > 0}
    return save_head_histograms(
        path, contributions, labels, classes=shown, title=f"{Path(run).name}: which space tells the {task}"
    )


def _as_images(data: LimitedData) -> Tensor:
    """The test samples as the encoder reads them; spectrograms scaled to [0, 1]."""
    test = data.split("test")
    x = pipeline(data.decode, data.front_end)(torch.stack([test[i][0] for i in range(len(test))])).float()
    return (x - x.min()) / (x.max() - x.min()) if data.spec.sample_rate else x
