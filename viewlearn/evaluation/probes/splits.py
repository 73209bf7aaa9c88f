"""The splits that probes are fitted, chosen and tested on, and their frozen features."""

import warnings
from collections.abc import Mapping

from torch import nn

from viewlearn.data import Data, Dataset, NoSplit, Split
from viewlearn.evaluation.probes.features import Extraction, Features, extract_features
from viewlearn.evaluation.probes.linear import Validation
from viewlearn.views import pipeline

SplitFeatures = Mapping[Split, Features]
"""Features of "train", of "test", and of "validation" where there is one."""


def probe_splits(data: Data) -> dict[Split, Dataset]:
    """Reads "train", "validation" (where there is one) and "test", in this order."""
    train, validation = data.split("train"), validation_split(data)
    splits: dict[Split, Dataset] = {"train": train}
    if validation is not None:
        splits["validation"] = validation
    splits["test"] = data.split("test")
    return splits


def validation_split(data: Data) -> Dataset | None:
    """Reads the validation split; None, with a warning that says why, if the data have none."""
    try:
        dataset = data.split("validation")
    except NoSplit as error:
        warnings.warn(f"no validation split, a part of train takes its place: {error}", stacklevel=3)
        return None
    if len(dataset) == 0:
        warnings.warn("the validation split is empty, a part of train takes its place", stacklevel=3)
        return None
    return dataset


def clean_features(encoder: nn.Module, data: Data, extraction: Extraction = Extraction()) -> dict[Split, Features]:
    """Extracts the features of every split, without random views.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``.
        data: Data whose splits are read.
        extraction: Layers, batch size, device, precision and reading processes.

    Raises:
        ValueError: As ``extract_features`` does.
    """
    clean = pipeline(data.decode, data.front_end)
    return {name: extract_features(encoder, dataset, clean, extraction) for name, dataset in probe_splits(data).items()}


def validation_samples(features: SplitFeatures, task: str, layer: str | None) -> Validation:
    """What a linear probe's regularization is chosen on: "validation", or a fifth of "train" if it has no labels."""
    if "validation" in features:
        validation = features["validation"]
        if (validation.labels_of(task) >= 0).any():
            return validation.of(layer), validation.labels_of(task)
    return 0.2
