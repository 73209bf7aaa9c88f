"""Every task of a data set under every probe: trained encoder, random encoder, chance."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from viewlearn.evaluation.probes.knn import knn
from viewlearn.evaluation.probes.linear import L2_GRID, linear_probe
from viewlearn.evaluation.probes.splits import SplitFeatures, validation_samples
from viewlearn.evaluation.results import Row
from viewlearn.evaluation.score import Score, labeled

Probe = Literal["linear", "knn"]
PROBES: tuple[Probe, ...] = ("linear", "knn")


def probe_tasks(
    trained: SplitFeatures,
    random: SplitFeatures | None,
    tasks: Mapping[str, int],
    probes: Sequence[Probe] = PROBES,
    *,
    layers: Sequence[str | None] = (None,),
    l2: float | Sequence[float] = L2_GRID,
    k: int = 200,
    temperature: float = 0.1,
    device: torch.device | str | None = None,
) -> list[Row]:
    """Probes features of clean inputs for every task.

    Probes are fitted on "train"; the linear probe's regularization is chosen on "validation" if that has labels of the
    task, else on a fifth of "train"; accuracies are those on "test". Nothing sees random views, not even a probe in
    training (Viewmaker's published linear evaluation keeps them on there).

    Args:
        trained: Features of the trained encoder, see ``clean_features``.
        random: Features of a random encoder; None without one.
        tasks: Number of classes of each task.
        probes: Which probes.
        layers: Which layers, each in turn, see ``Extraction.probed``.
        l2: Regularization of the linear probe, or several to choose from.
        k: Number of neighbors that vote in kNN.
        temperature: Temperature of their votes.
        device: Device of the probes; None for the CPU, where the features are.

    Returns:
        A row for each task, probe and layer.

    Raises:
        ValueError: A task has no labels in train or in test.
    """

    def score(features: SplitFeatures, task: str, probe: Probe, layer: str | None) -> Score:
        train, test = features["train"], features["test"]
        sides = train.of(layer), train.labels_of(task), test.of(layer), test.labels_of(task)
        if probe == "knn":
            return knn(*sides, k=k, temperature=temperature, device=device)
        return linear_probe(*sides, l2=l2, validation=validation_samples(features, task, layer), device=device)

    rows = []
    for task, num_classes in tasks.items():
        majority = majority_accuracy(trained["train"].labels_of(task), trained["test"].labels_of(task))
        for probe in probes:
            for layer in layers:
                own = score(trained, task, probe, layer)
                other = None if random is None else score(random, task, probe, layer)
                rows.append(Row(task, probe, own, other, majority, 1 / num_classes, layer))
    return rows


def check_names(tasks: Sequence[str], probes: Sequence[str], known: Iterable[str]) -> None:
    """Raises ValueError if a task isn't among the known ones, or there is no such probe."""
    for task in tasks:
        if task not in known:
            raise ValueError(f"no task {task!r} in this data; there are: {', '.join(known) or 'none'}")
    for probe in probes:
        if probe not in PROBES:
            raise ValueError(f"no probe {probe!r}; there are: {', '.join(PROBES)}")


def majority_accuracy(train_y: Tensor, test_y: Tensor) -> float:
    """Computes the test accuracy of the class that is most frequent in training; unlabeled samples (−1) don't count.

    Raises:
        ValueError: There are no labels on either side.
    """
    _, train_y = labeled(train_y, train_y, "training")
    _, test_y = labeled(test_y, test_y, "test")
    return (test_y == train_y.mode().values).float().mean().item()
