"""Accuracy on corrupted inputs of a classifier that was trained on clean ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import Dataset

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.probes.clean import clean_features, held_out
from viewlearn.evaluation.probes.features import Features, Precision, batches, extract_features
from viewlearn.evaluation.probes.limited import subsample
from viewlearn.evaluation.probes.linear import L2_GRID, fit_linear_probe, score_classifier
from viewlearn.evaluation.probes.logistic import LinearClassifier
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
    layers: Sequence[str] | None = None,
    num_test: int | None = None,
    l2: float | Sequence[float] = L2_GRID,
    features: Mapping[str, Features] | None = None,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    seed: int = 0,
) -> dict[tuple[str, str | None], Robustness]:
    """Fits linear probes on clean features, and scores them on the test split under every corruption and severity.

    The draws of a corruption are the same for every encoder. Corruptions act on decoded images, before any front end
    if their stage is "natural". Each corrupted image is encoded once for all layers and tasks.

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``decode``, ``front_end`` and ``split``.
        tasks: which tasks; features are computed once for all.
        corruptions: by name, one view for each severity, mild to severe; ``vision.corruptions.imagenet_c()`` has those
            of the benchmark. A data set in place of a view is taken as it is, for published files (ImageNet-C,
            CIFAR-10-C), for test sets that differ otherwise (ObjectNet), and for what ``corrupt`` made beforehand.
        layers: which features, each in turn, see ``Features.layer``; None for the encoder's output.
        num_test: how many test samples, drawn from ``seed``; None for all.
        l2: see ``linear_probe``.
        features: what ``clean_features`` gave for this encoder, data and layers, if it is at hand.
        batch_size, device, precision: see ``extract_features``.
        seed: of the choice of test samples.

    Returns:
        the accuracies of each (task, layer).

    Raises:
        ValueError: no corruptions, or a task without labels.
    """
    if not corruptions or not all(corruptions.values()):
        raise ValueError("there are no corruptions to evaluate under, or one has no severities")
    options = {"layers": layers, "batch_size": batch_size, "device": device, "precision": precision}
    features = features or clean_features(encoder, data, **options)
    asked = [(task, layer) for task in tasks for layer in layers or [None]]
    classifiers = {(task, layer): _fit(features, task, layer, l2, device) for task, layer in asked}
    test = subsample(data.split("test"), num_test, seed)

    def accuracies(corruption: View | Dataset | None) -> dict[tuple[str, str | None], float]:
        is_view = corruption is None or isinstance(corruption, View)
        dataset = test if is_view else subsample(corruption, num_test, seed)
        reads = pipeline(data.decode, data.front_end, corruption if is_view else None)
        found = extract_features(encoder, dataset, reads, **options)
        return {
            (task, layer): score_classifier(classifier, found.of(layer), found.labels[task], 0).accuracy
            for (task, layer), classifier in classifiers.items()
        }

    clean = accuracies(None)
    corrupted = {name: [accuracies(each) for each in severities] for name, severities in corruptions.items()}
    return {
        key: Robustness(key[0], clean[key], {name: [each[key] for each in found] for name, found in corrupted.items()})
        for key in asked
    }


def corrupt(
    data: object, corruptions: Mapping[str, Sequence[View]], num_test: int | None = None, seed: int = 0
) -> dict[str, list[ArrayDataset]]:
    """Corrupts test samples once, for several encoders to be asked about; kept in 8 bits, as published files are.

    Args:
        data: of images stored as uint8.
        corruptions: see ``corruption_robustness``; views only.
        num_test: how many test samples, drawn from ``seed`` as there; None for all.
        seed: of the choice.

    Returns:
        what takes the views' place there.

    Raises:
        ValueError: samples that aren't stored as uint8, for which 8 bits would be too few.
    """
    test = subsample(data.split("test"), num_test, seed)
    return {name: [_corrupted(test, data.decode, view) for view in views] for name, views in corruptions.items()}


def _corrupted(dataset: Dataset, decode: View, view: View) -> ArrayDataset:
    generator = torch.Generator().manual_seed(0)
    images, labels = [], []
    for x, y, _ in batches(dataset, 512):
        if x.dtype != torch.uint8:
            raise ValueError(f"samples are stored as {x.dtype}; only those in 8 bits can be corrupted beforehand")
        images.append(view(decode(x, generator), generator).mul(255).round().clamp(0, 255).to(torch.uint8))
        labels.append(y)
    return ArrayDataset(torch.cat(images), {task: torch.cat([y[task] for y in labels]) for task in labels[0]})


def _fit(features: Mapping[str, Features], task: str, layer: str | None, l2, device) -> LinearClassifier:
    train, held = features["train"], held_out(features, task, layer)
    return fit_linear_probe(train.of(layer), train.labels[task], l2=l2, validation=held, device=device)[0]
