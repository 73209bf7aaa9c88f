"""Which factor was applied? A linear classifier's answer, from frozen features."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from viewlearn.data import Batch
from viewlearn.evaluation.probes.clean import held_out
from viewlearn.evaluation.probes.features import (
    Features,
    Precision,
    batches,
    evaluation_mode,
    extract_features,
    validation_split,
)
from viewlearn.evaluation.probes.linear import L2_GRID, linear_probe
from viewlearn.evaluation.probes.parameter_classes import Factor
from viewlearn.evaluation.probes.score import Score
from viewlearn.evaluation.results import Row
from viewlearn.views import Compose, Identity, View


def factor_probe(
    encoder: nn.Module,
    data: object,
    view: View,
    leaf: str | None = None,
    *,
    num_classes: int = 4,
    name: str | None = None,
    layers: Sequence[str] | None = None,
    random_encoder: nn.Module | None = None,
    l2: float | Sequence[float] = L2_GRID,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    seed: int = 0,
) -> list[Row]:
    """The accuracy of a linear classifier that predicts, from frozen features, which factor a sample was given.

    Every sample of "train", "validation" and "test" gets one draw of ``view`` and nothing else; train and test differ
    in samples and share the classes. Chance is 1 / num_classes. This is LooC's "4-class rotation" for
    ``view = RandomRotation()`` (Xiao et al., ICLR 2021, table 1), and works for every entry of a Compose.

    Args:
        encoder: (batch, …) in natural units → (batch, num_features).
        data: has ``decode``, ``front_end`` and ``split``.
        view: the entry, for example ``views["rotation"]``.
        leaf, num_classes: see ``Factor``.
        name: of the factor, for tables; by default the view's class and the leaf.
        layers: which features, each in turn, see ``Features.layer``; None for the encoder's output.
        random_encoder: another encoder to compare with.
        l2: see ``linear_probe``.
        batch_size, device, precision: see ``extract_features``.
        seed: of the draws.

    Returns:
        a row for each layer; each sample is encoded once for all.

    Raises:
        ValueError: as ``Factor`` does.
    """
    factor = Factor(view, leaf, num_classes)
    device = torch.device(device) if device is not None else next(encoder.parameters(), torch.empty(0)).device
    splits = {"train": data.split("train"), "validation": validation_split(data), "test": data.split("test")}
    generator = torch.Generator().manual_seed(seed)
    varied = _Varied(splits["train"], data, factor, batch_size, device)
    factor.fit(varied.decoded(next(batches(splits["train"], 2))[0]), generator)
    found = [
        module and _features(module, splits, data, factor, layers, batch_size, device, precision, seed)
        for module in (encoder, random_encoder)
    ]
    name = name or ".".join([type(factor.view).__name__.lower(), *([leaf] if leaf else [])])
    majority = _majority(_label(found[0]["train"]), _label(found[0]["test"]))
    rows = []
    for layer in layers or [None]:
        scores = [features and _score(features, layer, l2, device) for features in found]
        rows.append(Row(name, "factor", *scores, majority, 1 / factor.num_classes, layer))
    return rows


def _features(encoder, splits, data, factor, layers, batch_size, device, precision, seed) -> dict[str, Features]:
    return {
        split: extract_features(
            encoder,
            _Varied(dataset, data, factor, batch_size, device, seed + 1 + i),
            layers=layers,
            device=device,
            precision=precision,
        )
        for i, (split, dataset) in enumerate(splits.items())
        if dataset is not None
    }


def _score(features: dict[str, Features], layer: str | None, l2, device) -> Score:
    sides = [part for split in ("train", "test") for part in (features[split].of(layer), _label(features[split]))]
    return linear_probe(*sides, l2=l2, validation=held_out(features, "factor", layer), device=device)


def _label(features: Features) -> Tensor:
    return features.labels["factor"]


def _majority(train: Tensor, test: Tensor) -> float:
    return (test == train.mode().values).float().mean().item()


class _Varied:
    """A loader of a data set in order, each sample given one setting of the factor, labeled with its class."""

    def __init__(self, dataset: Dataset, data: object, factor: Factor, batch_size: int, device, seed: int = 0):
        self.dataset, self.factor, self.batch_size, self.device, self.seed = dataset, factor, batch_size, device, seed
        natural = factor.view.stage == "natural"
        self.before = Compose(decode=data.decode, front_end=Identity() if natural else data.front_end).to(device)
        self.after = (data.front_end if natural else Identity()).to(device)

    def decoded(self, x: Tensor) -> Tensor:
        """Stored samples as the factor's view takes them."""
        return self.before(x.to(self.device), torch.Generator().manual_seed(0))

    @torch.no_grad()
    def epoch(self, epoch: int = 0) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self.seed)
        view = self.factor.view.to(self.device)
        for x, _, index in batches(self.dataset, self.batch_size):
            x = self.decoded(x)
            params, label = self.factor.sample(x, generator)
            with evaluation_mode(view):
                x = view.transform(x, params)
            yield Batch(self.after(x, torch.Generator().manual_seed(0)), {"factor": label}, index)
