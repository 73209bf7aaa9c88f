"""Accuracy on corrupted inputs of a classifier that was trained on clean ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import Dataset, Subset

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.features import Features, Precision, extract_features, validation_split
from viewlearn.evaluation.linear_probe import L2_GRID, fit_linear_probe, score_classifier
from viewlearn.evaluation.logistic import LinearClassifier
from viewlearn.evaluation.results import aligned
from viewlearn.views import View, pipeline


@dataclass(frozen=True)
class Robustness:
    """Accuracies of one task under corruptions, in [0, 1]. ``str(…)`` is the table.

    Args:
        task: the task's name.
        clean: on uncorrupted test samples.
        corrupted: per corruption, one accuracy for each severity.
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
        """Plain values, for JSON; with the mean, for readers."""
        return {**asdict(self), "mean": self.mean}

    @classmethod
    def load(cls, path: Path | str) -> "Robustness":
        """Reads a JSON file of what ``to_dict`` gave."""
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(content["task"], content["clean"], content["corrupted"])

    def __str__(self) -> str:
        num = max(len(accuracies) for accuracies in self.corrupted.values())
        table = [("corruption", *(f"severity {i + 1}" for i in range(num)), "mean")]
        for name, accuracies in self.corrupted.items():
            cells = [f"{100 * accuracy:.1f}" for accuracy in accuracies]
            mean = f"{100 * sum(accuracies) / len(accuracies):.1f}"
            table.append((name, *cells, *[""] * (num - len(cells)), mean))
        table.append(("mean", *[""] * num, f"{100 * self.mean:.1f}"))
        table.append(("clean", *[""] * num, f"{100 * self.clean:.1f}"))
        return aligned(table)


def corruption_robustness(
    encoder: nn.Module,
    data: object,
    tasks: Sequence[str],
    corruptions: Mapping[str, Sequence[View | Dataset]],
    *,
    layer: str | None = None,
    num_test: int | None = None,
    l2: float | Sequence[float] = L2_GRID,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    seed: int = 0,
) -> dict[str, Robustness]:
    """Fits linear probes on clean features, and scores them on the test split under every corruption and severity.

    The draws of a corruption are the same for every encoder. Corruptions act on decoded images, before any front end
    if their stage is "natural".

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``decode``, ``front_end`` and ``split``.
        tasks: which tasks; features are computed once for all.
        corruptions: by name, one view for each severity, mild to severe; ``vision.corruptions.imagenet_c()`` has those
            of the benchmark. A data set in place of a view is taken as it is, for published files (ImageNet-C,
            CIFAR-10-C) and for test sets that differ otherwise (ObjectNet).
        layer: which features, see ``Features.layer``; None for the encoder's output.
        num_test: how many test samples, drawn from ``seed``; None for all.
        l2: see ``linear_probe``.
        batch_size, device, precision: see ``extract_features``.
        seed: of the choice of test samples.

    Returns:
        the accuracies of each task.

    Raises:
        ValueError: no corruptions, or a task without labels.
    """
    if not corruptions or not all(corruptions.values()):
        raise ValueError("there are no corruptions to evaluate under, or one has no severities")
    layers = None if layer is None else [layer]
    options = {"layers": layers, "batch_size": batch_size, "device": device, "precision": precision}
    clean = pipeline(data.decode, data.front_end)
    train, validation = data.split("train"), validation_split(data)
    train = extract_features(encoder, train, clean, **options)
    if validation is not None:
        validation = extract_features(encoder, validation, clean, **options)
    classifiers = {task: _fit(train, validation, task, l2, device) for task in tasks}
    test = subsample(data.split("test"), num_test, seed)

    def accuracies(corruption: View | Dataset | None) -> dict[str, float]:
        is_view = corruption is None or isinstance(corruption, View)
        dataset = test if is_view else subsample(corruption, num_test, seed)
        reads = pipeline(data.decode, data.front_end, corruption) if is_view else clean
        features = extract_features(encoder, dataset, reads, **options)
        return {
            task: score_classifier(classifier, features.x, features.labels[task], 0).accuracy
            for task, classifier in classifiers.items()
        }

    clean_accuracies = accuracies(None)
    corrupted = {name: [accuracies(each) for each in severities] for name, severities in corruptions.items()}
    return {
        task: Robustness(
            task, clean_accuracies[task], {name: [each[task] for each in found] for name, found in corrupted.items()}
        )
        for task in tasks
    }


def _fit(train: Features, validation: Features | None, task: str, l2, device) -> LinearClassifier:
    held = 0.2 if validation is None else (validation.x, validation.labels[task])
    return fit_linear_probe(train.x, train.labels[task], l2=l2, validation=held, device=device)[0]


def subsample(dataset: Dataset, num_samples: int | None, seed: int) -> Dataset:
    """``num_samples`` of a data set, drawn without replacement, in the data set's order; all of it for None."""
    if num_samples is None or num_samples >= len(dataset):
        return dataset
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[:num_samples].sort().values
    if isinstance(dataset, ArrayDataset):
        return ArrayDataset(dataset.x[order], {task: y[order] for task, y in dataset.labels.items()})
    return Subset(dataset, order.tolist())
