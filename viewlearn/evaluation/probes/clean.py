"""Frozen features of a data set's splits, clean, as every probe starts from them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from viewlearn.evaluation.probes.features import Features, Precision, extract_features, validation_split
from viewlearn.views import pipeline


def clean_features(
    encoder: nn.Module,
    data: object,
    *,
    layers: Sequence[str] | None = None,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    num_workers: int = 0,
) -> dict[str, Features]:
    """The features of "train", "validation" (where there is one) and "test", without random views.

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``decode``, ``front_end`` and ``split``.
        layers, batch_size, device, precision, num_workers: see ``extract_features``.

    Raises:
        ValueError: as ``extract_features`` does.
    """
    clean = pipeline(data.decode, data.front_end)
    splits = {"train": data.split("train"), "validation": validation_split(data), "test": data.split("test")}
    options = {"batch_size": batch_size, "device": device, "precision": precision, "num_workers": num_workers}
    return {
        name: extract_features(encoder, dataset, clean, layers=layers, **options)
        for name, dataset in splits.items()
        if dataset is not None
    }


def labels_of(features: Features, task: str) -> Tensor:
    """The task's labels, −1 for all samples of a split that hasn't this task."""
    return features.labels.get(task, torch.full((len(features.index),), -1))


def held_out(features: Mapping[str, Features], task: str, layer: str | None) -> tuple[Tensor, Tensor] | float:
    """What a linear probe's regularization is chosen on: "validation", or a fifth of "train" where it has no labels."""
    if "validation" in features and (labels_of(features["validation"], task) >= 0).any():
        return features["validation"].of(layer), labels_of(features["validation"], task)
    return 0.2
