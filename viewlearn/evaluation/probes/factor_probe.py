"""Which factor was applied? A linear classifier's answer, from frozen features."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import nn

from viewlearn.data import Batch, Data, Split, take
from viewlearn.evaluation.frozen import evaluation_mode
from viewlearn.evaluation.probes.features import Extraction, Features, encode_batches, read_batches
from viewlearn.evaluation.probes.linear import L2_GRID, linear_probe
from viewlearn.evaluation.probes.parameter_classes import ParameterClasses
from viewlearn.evaluation.probes.splits import SplitFeatures, probe_splits, validation_samples
from viewlearn.evaluation.probes.tasks import majority_accuracy
from viewlearn.evaluation.results import Row
from viewlearn.evaluation.score import Score
from viewlearn.views import Compose, Identity, View

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def factor_probe(
    encoder: nn.Module,
    data: Data,
    factor: ParameterClasses,
    *,
    name: str | None = None,
    random_encoder: nn.Module | None = None,
    l2: float | Sequence[float] = L2_GRID,
    seed: int = 0,
    extraction: Extraction = Extraction(),
) -> list[Row]:
    """Measures how well a linear classifier predicts, from frozen features, which setting of a factor was applied.

    Every sample of "train", "validation" and "test" gets one draw of the factor's view and no other view; train and
    test differ in samples and share the classes. Chance is 1 / num_classes. This is LooC's "4-class rotation" for
    ``ParameterClasses(QuarterRotation())`` (Xiao et al., ICLR 2021, table 1), and works for every entry of a
    ``Compose``.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``.
        data: Data whose samples are viewed.
        factor: View, parameter and number of classes.
        name: Name of the factor in tables; None for the view's class and the parameter's path.
        random_encoder: Another encoder to compare with.
        l2: Regularization of the classifier, or several to choose from.
        seed: Seed of the draws.
        extraction: Layers, each in turn; batch size, device and precision.

    Returns:
        A row for each layer; each sample is encoded once for all of them.

    Raises:
        ValueError: As ``ParameterClasses.fit`` does.
    """
    device = extraction.device_for(encoder)
    extraction = replace(extraction, device=device)
    splits = probe_splits(data)
    before, after = _around(factor.view, data, device)
    few = take(splits["train"], torch.arange(min(2, len(splits["train"])))).x.to(device)
    fitted = factor.fit(before(few, torch.Generator().manual_seed(0)), torch.Generator().manual_seed(seed))
    view = fitted.view.to(device)

    def batches(split: Split) -> Iterator[Batch]:
        """Each sample of a split, given one setting and labeled with its class."""
        generator = torch.Generator().manual_seed(seed + 1 + SPLITS.index(split))
        for batch in read_batches(splits[split], extraction.batch_size, extraction.num_workers):
            x = before(batch.x.to(device), torch.Generator().manual_seed(0))
            params, label = fitted.sample(x, generator)
            with evaluation_mode(view):
                x = view.transform(x, params)
            yield Batch(after(x, torch.Generator().manual_seed(0)), {"factor": label}, batch.index)

    def features(encoder: nn.Module) -> dict[Split, Features]:
        return {split: encode_batches(encoder, batches(split), extraction=extraction) for split in splits}

    def score(features: SplitFeatures, layer: str | None) -> Score:
        train, test = features["train"], features["test"]
        sides = train.of(layer), train.labels["factor"], test.of(layer), test.labels["factor"]
        return linear_probe(*sides, l2=l2, validation=validation_samples(features, "factor", layer), device=device)

    trained = features(encoder)
    random = None if random_encoder is None else features(random_encoder)
    name = name or ".".join([type(fitted.view).__name__.lower(), *([factor.leaf] if factor.leaf else [])])
    majority = majority_accuracy(trained["train"].labels["factor"], trained["test"].labels["factor"])
    chance = 1 / fitted.num_classes
    rows = []
    for layer in extraction.probed:
        other = None if random is None else score(random, layer)
        rows.append(Row(name, "factor", score(trained, layer), other, majority, chance, layer))
    return rows


def _around(view: View, data: Data, device: torch.device) -> tuple[View, View]:
    """What is applied before the view and after it, as its stage is before or after the front end."""
    natural = view.stage == "natural"
    before = Compose(decode=data.decode, front_end=Identity() if natural else data.front_end)
    return before.to(device), (data.front_end if natural else Identity()).to(device)
