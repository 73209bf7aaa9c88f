"""Accuracy on corrupted inputs of a classifier that was trained on clean ones."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, Dataset
from viewlearn.evaluation.probes.features import Extraction, extract_features, read_batches
from viewlearn.evaluation.probes.limited import subsample
from viewlearn.evaluation.probes.linear import L2_GRID, fit_linear_probe, score_classifier
from viewlearn.evaluation.probes.splits import SplitFeatures, clean_features, validation_samples
from viewlearn.tables import text_table
from viewlearn.views import View, pipeline

Corruptions = Mapping[str, Sequence[View | Dataset]]
"""By name, one view for each severity, from mild to severe; or test samples that are corrupted already."""


@dataclass(frozen=True)
class Robustness:
    """Accuracies of one task under corruptions, in [0, 1]; ``str(…)`` is the table.

    Args:
        task: Name of the task.
        clean: Accuracy on uncorrupted test samples.
        corrupted: Accuracies under each corruption, one for each severity.
    """

    task: str
    clean: float
    corrupted: dict[str, list[float]]

    @property
    def mean(self) -> float:
        """The mean over corruptions of the means over severities."""
        means = [sum(accuracies) / len(accuracies) for accuracies in self.corrupted.values()]
        return sum(means) / len(means)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, the mean included."""
        return {**asdict(self), "mean": self.mean}

    def __str__(self) -> str:
        num = max(len(accuracies) for accuracies in self.corrupted.values())
        head = ("corruption", *(f"severity {i + 1}" for i in range(num)), "mean")
        rows: list[tuple[str, ...]] = []
        for name, accuracies in self.corrupted.items():
            cells = [f"{100 * accuracy:.1f}" for accuracy in accuracies]
            mean = f"{100 * sum(accuracies) / len(accuracies):.1f}"
            rows.append((name, *cells, *[""] * (num - len(cells)), mean))
        rows.append(("mean", *[""] * num, f"{100 * self.mean:.1f}"))
        rows.append(("clean", *[""] * num, f"{100 * self.clean:.1f}"))
        return text_table(head, rows)


def corruption_robustness(
    encoder: nn.Module,
    data: Data,
    tasks: Sequence[str],
    corruptions: Corruptions,
    *,
    num_test: int | None = None,
    l2: float | Sequence[float] = L2_GRID,
    seed: int = 0,
    features: SplitFeatures | None = None,
    extraction: Extraction = Extraction(),
) -> dict[tuple[str, str | None], Robustness]:
    """Fits linear probes on clean features, and scores them on the test split under every corruption and severity.

    The draws of a corruption are the same for every encoder. Corruptions act on decoded images, before any front end
    if their stage is "natural". Each corrupted image is encoded once for all layers and tasks.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``.
        data: Data whose test split is corrupted.
        tasks: Names of the tasks.
        corruptions: Views by corruption and severity; ``vision.corruptions.imagenet_c()`` gives those of the
            benchmark. A data set in place of a view is taken as it is: published files (ImageNet-C, CIFAR-10-C), test
            sets that differ otherwise (ObjectNet), and what ``corrupt`` made beforehand.
        num_test: Number of test samples, drawn from ``seed``; None for all.
        l2: Regularization of the probes, or several to choose from.
        seed: Seed of the choice of test samples.
        features: Clean features of this encoder, data and extraction, where they are at hand; None extracts them.
        extraction: Layers, each in turn; batch size, device, precision and reading processes.

    Returns:
        The accuracies of each (task, layer).

    Raises:
        ValueError: There are no corruptions, or a task has no labels.
    """
    if not corruptions or not all(corruptions.values()):
        raise ValueError("there are no corruptions to evaluate under, or one has no severities")
    train_features = clean_features(encoder, data, extraction) if features is None else features
    train = train_features["train"]
    keys = [(task, layer) for task in tasks for layer in extraction.probed]
    classifiers = {
        (task, layer): fit_linear_probe(
            train.of(layer),
            train.labels[task],
            l2=l2,
            validation=validation_samples(train_features, task, layer),
            device=extraction.device,
        )[0]
        for task, layer in keys
    }
    test = subsample(data.split("test"), num_test, seed)

    def accuracies(corruption: View | Dataset | None) -> dict[tuple[str, str | None], float]:
        if corruption is None or isinstance(corruption, View):
            dataset, view = test, corruption
        else:
            dataset, view = subsample(corruption, num_test, seed), None
        features = extract_features(encoder, dataset, pipeline(data.decode, data.front_end, view), extraction)
        return {
            (task, layer): score_classifier(classifier, features.of(layer), features.labels[task], 0).accuracy
            for (task, layer), classifier in classifiers.items()
        }

    clean = accuracies(None)
    corrupted = {name: [accuracies(each) for each in severities] for name, severities in corruptions.items()}
    return {
        key: Robustness(key[0], clean[key], {name: [each[key] for each in parts] for name, parts in corrupted.items()})
        for key in keys
    }


def corrupt(
    data: Data, corruptions: Mapping[str, Sequence[View]], num_test: int | None = None, seed: int = 0
) -> dict[str, list[ArrayDataset]]:
    """Corrupts test samples once for several encoders, and keeps them in 8 bits, as published files are.

    Args:
        data: Data of images stored as uint8.
        corruptions: Views by corruption and severity, see ``corruption_robustness``.
        num_test: Number of test samples, drawn from ``seed`` as there; None for all.
        seed: Seed of the choice.

    Returns:
        What takes the views' place there.

    Raises:
        ValueError: Samples aren't stored as uint8; 8 bits would be too few for them.
    """
    test = subsample(data.split("test"), num_test, seed)
    return {name: [_corrupted(test, data.decode, view) for view in views] for name, views in corruptions.items()}


def _corrupted(dataset: Dataset, decode: View, view: View) -> ArrayDataset:
    generator = torch.Generator().manual_seed(0)
    images, labels = [], []
    for batch in read_batches(dataset, 512):
        if batch.x.dtype != torch.uint8:
            raise ValueError(f"samples are stored as {batch.x.dtype}; only those in 8 bits can be corrupted beforehand")
        corrupted = view(decode(batch.x, generator), generator)
        images.append(corrupted.mul(255).round().clamp(0, 255).to(torch.uint8))
        labels.append(batch.labels)
    return ArrayDataset(torch.cat(images), {task: torch.cat([y[task] for y in labels]) for task in labels[0]})
