"""Frozen features of a whole data set, computed once for every probe that reads them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from viewlearn.data import ArrayDataset, Batch, Dataset, make_loader
from viewlearn.evaluation.frozen import MixedPrecision, autocast, device_of, evaluation_mode
from viewlearn.evaluation.probes.layers import Layered, match_layers
from viewlearn.views import Identity, View


@dataclass(frozen=True)
class Features:
    """What an encoder makes of a data set, in the data set's order, on the CPU.

    Args:
        layers: Features by layer, ``(num_samples, num_features)`` float32 each; an encoder's output is ``"features"``.
        labels: Labels by task, ``(num_samples,)`` int64, −1 where a sample is unlabeled.
        index: Position of each sample in the data set, ``(num_samples,)`` int64.
    """

    layers: dict[str, Tensor]
    labels: dict[str, Tensor]
    index: Tensor

    @property
    def x(self) -> Tensor:
        """The only layer's features, or those of all layers side by side, in the order in which they were asked for."""
        return torch.cat(list(self.layers.values()), dim=1)

    def layer(self, name: str) -> Tensor:
        """The features of one layer, or of several side by side: ``"Z_all+Z_color"``, or ``"Z_*"`` for all of a kind.

        Raises:
            ValueError: There is no such layer; the message lists those that there are.
        """
        return torch.cat([self.layers[part] for part in match_layers([name], self.layers)], dim=1)

    def of(self, layer: str | None) -> Tensor:
        """The features of one layer, see ``layer``; for None, ``x``."""
        return self.x if layer is None else self.layer(layer)

    def labels_of(self, task: str) -> Tensor:
        """The labels of a task, all −1 if the data set doesn't have it."""
        return self.labels.get(task, torch.full((len(self.index),), -1))


@dataclass(frozen=True)
class Extraction:
    """How an encoder is run over data sets.

    Args:
        layers: Which features: names of layers, several joined by "+", or patterns such as ``Z_*``, for a ``Layered``
            encoder; None for the encoder's output.
        batch_size: Number of samples per forward pass.
        device: Device of the encoder; None for that of its parameters.
        mixed_precision: Precision of the encoder; features are float32 in any case.
        num_workers: Number of processes that read samples of a data set that isn't held in memory.
    """

    layers: Sequence[str] | None = None
    batch_size: int = 512
    device: torch.device | str | None = None
    mixed_precision: MixedPrecision = "no"
    num_workers: int = 0

    @property
    def probed(self) -> list[str | None]:
        """What is probed in turn: each of ``layers``, or the encoder's output as None."""
        return [None] if self.layers is None else list(self.layers)

    def device_for(self, encoder: nn.Module) -> torch.device:
        """The device on which this encoder runs."""
        return device_of(encoder) if self.device is None else torch.device(self.device)


def extract_features(
    encoder: nn.Module,
    dataset: Dataset,
    pipeline: View | None = None,
    extraction: Extraction = Extraction(),
) -> Features:
    """Runs a frozen encoder once over a data set, in evaluation mode and without gradients.

    Afterwards, every submodule of the encoder is in the mode (training or evaluation) in which it was.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``; ``Layered`` if layers are asked for.
        dataset: Samples in storage form.
        pipeline: View from stored samples to what the encoder reads (decoding, front end). Its parameters are drawn
            from a generator that is seeded here, so that repeating gives the same features. None changes nothing.
        extraction: Layers, batch size, device, precision and reading processes.

    Raises:
        ValueError: The data set is empty, a layer or precision is unknown, or features aren't finite.
    """
    if len(dataset) == 0:
        raise ValueError("there are no samples to extract features of: the data set is empty")
    batches = read_batches(dataset, extraction.batch_size, extraction.num_workers)
    return encode_batches(encoder, batches, pipeline, extraction)


def read_batches(dataset: Dataset, batch_size: int, num_workers: int = 0) -> Iterator[Batch]:
    """Reads a whole data set in order, in storage form.

    What is in memory is sliced, not copied, and so keeps its memory layout, on which the rounding of sums depends.

    Args:
        dataset: Samples in storage form.
        batch_size: Number of samples per batch.
        num_workers: Number of processes that read samples of a data set that isn't held in memory.
    """
    if not isinstance(dataset, ArrayDataset):
        yield from make_loader(dataset, batch_size, shuffle=False, drop_last=False, num_workers=num_workers).epoch()
        return
    for index in torch.arange(len(dataset)).split(batch_size):
        rows = slice(int(index[0]), int(index[-1]) + 1)
        yield Batch(dataset.x[rows], {task: y[rows] for task, y in dataset.labels.items()}, index)


def encode_batches(
    encoder: nn.Module,
    batches: Iterable[Batch],
    pipeline: View | None = None,
    extraction: Extraction = Extraction(),
) -> Features:
    """Runs a frozen encoder over batches, such as those of a ``Loader``; see ``extract_features``.

    Args:
        encoder: Maps ``(batch, …)`` in natural units to ``(batch, num_features)``.
        batches: Batches of stored samples, at least one.
        pipeline: View from stored samples to what the encoder reads.
        extraction: Layers, device and precision; batches have their own size.

    Raises:
        ValueError: A layer or precision is unknown, or features aren't finite.
    """
    device = extraction.device_for(encoder)
    pipeline = (pipeline or Identity()).to(device)
    generator = torch.Generator().manual_seed(0)
    precision = autocast(device, extraction.mixed_precision)
    layers: dict[str, list[Tensor]] = {}
    labels: dict[str, list[Tensor]] = {}
    indices = []
    with evaluation_mode(encoder), torch.no_grad():
        for batch in batches:
            x = pipeline(batch.x.to(device, non_blocking=True), generator)
            with precision:
                outputs = _forward(encoder, x, extraction.layers)
            for name, output in outputs.items():
                layers.setdefault(name, []).append(_finite(output.float().flatten(1), name, batch.index).cpu())
            for task, values in batch.labels.items():
                labels.setdefault(task, []).append(values.cpu())
            indices.append(batch.index.cpu())
    return Features(
        {name: torch.cat(parts) for name, parts in layers.items()},
        {task: torch.cat(parts) for task, parts in labels.items()},
        torch.cat(indices),
    )


def _forward(encoder: nn.Module, x: Tensor, layers: Sequence[str] | None) -> dict[str, Tensor]:
    if layers is None:
        return {"features": encoder(x)}
    if not isinstance(encoder, Layered):
        raise ValueError(f"layers {', '.join(layers)} were asked for, but {type(encoder).__name__} isn't Layered")
    outputs = encoder.features(x)
    return {name: outputs[name] for name in match_layers(layers, outputs)}


def _finite(features: Tensor, name: str, index: Tensor) -> Tensor:
    bad = ~features.isfinite().all(dim=1).cpu()
    if bad.any():
        raise ValueError(
            f"{int(bad.sum())} of {len(bad)} samples of a batch have NaN or infinite {name} "
            f"(the first is sample {int(index.cpu()[bad][0])}): the encoder has diverged, or its input isn't finite"
        )
    return features
