"""Frozen features of a whole data set, computed once for every probe that reads them."""

import fnmatch
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, default_collate

from viewlearn.data import ArrayDataset
from viewlearn.views import Identity, View

Precision = Literal["no", "bf16", "fp16"]
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Features:
    """What an encoder makes of a data set, in the data set's order, on the CPU.

    Args:
        layers: (num_samples, num_features) float32 each, by name; a plain encoder has one, ``"features"``.
        labels: (num_samples,) int64 of each task; −1 where a sample is unlabeled.
        index: (num_samples,) int64 positions in the data set.
    """

    layers: dict[str, Tensor]
    labels: dict[str, Tensor]
    index: Tensor

    @property
    def x(self) -> Tensor:
        """The only layer's features, or all layers' side by side, in the order asked for."""
        return torch.cat(list(self.layers.values()), dim=1)

    def layer(self, name: str) -> Tensor:
        """The features of one layer, or of several side by side: ``"Z_all+Z_color"``, or ``"Z_*"`` for all of a kind.

        Raises:
            ValueError: a layer that isn't there; the message lists those that are.
        """
        return torch.cat([self.layers[part] for part in match_layers([name], self.layers)], dim=1)

    def of(self, layer: str | None) -> Tensor:
        """The features of one layer, see ``layer``; for None, ``x``."""
        return self.x if layer is None else self.layer(layer)


def extract_features(
    encoder: nn.Module,
    data: Dataset | object,
    pipeline: View | None = None,
    *,
    layers: Sequence[str] | None = None,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Precision = "no",
    num_workers: int = 0,
) -> Features:
    """Runs a frozen encoder once over a data set, in evaluation mode and without gradients.

    The encoder's modes (training or evaluation, of every submodule) are as before afterwards.

    Args:
        encoder: reads (batch, …) in natural units and returns (batch, num_features). With ``layers`` it must offer
            ``features(x) -> {layer: (batch, num_features)}`` too.
        data: a data set (``len``, ``data[i] -> (x, {task: label})``), or a loader with ``epoch(0)`` that yields
            batches with ``x``, ``labels`` and ``index`` and neither shuffles nor drops the last batch.
        pipeline: from stored samples to what the encoder reads (decoding, front end); drawn parameters come from a
            generator that is seeded here, so that repeating gives the same features. None passes samples on.
        layers: which layers to keep, by name or pattern, see ``Features.layer``; None keeps the encoder's output.
        batch_size: samples per forward pass; a loader has its own.
        device: where the encoder runs; None for where its parameters are.
        precision: "no" for float32, or the autocast dtype "bf16" or "fp16"; features are float32 in any case.
        num_workers: processes that read samples of a data set that isn't held in memory.

    Raises:
        ValueError: an unknown precision or layer, an empty data set, or features that aren't finite.
    """
    if precision != "no" and precision not in DTYPES:
        raise ValueError(f"precision is {precision!r}; it must be one of: no, {', '.join(DTYPES)}")
    device = _device_of(encoder) if device is None else torch.device(device)
    pipeline = (pipeline or Identity()).to(device)
    generator = torch.Generator().manual_seed(0)
    autocast = nullcontext() if precision == "no" else torch.autocast(device.type, DTYPES[precision])
    kept, labels, indices = {}, {}, []
    with evaluation_mode(encoder), torch.no_grad():
        for x, batch_labels, index in batches(data, batch_size, num_workers):
            x = pipeline(x.to(device, non_blocking=True), generator)
            with autocast:
                outputs = _forward(encoder, x, layers)
            for name, output in outputs.items():
                kept.setdefault(name, []).append(_finite(output.float().flatten(1), name, index).cpu())
            for task, values in batch_labels.items():
                labels.setdefault(task, []).append(values.cpu())
            indices.append(index.cpu())
    if not indices:
        raise ValueError("there are no samples to extract features of: the data set is empty")
    return Features(
        {name: torch.cat(parts) for name, parts in kept.items()},
        {task: torch.cat(parts) for task, parts in labels.items()},
        torch.cat(indices),
    )


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[nn.Module]:
    """The module in evaluation mode; afterwards each of its submodules is in the mode that it was in."""
    training = {name: submodule.training for name, submodule in module.named_modules()}
    module.eval()
    try:
        yield module
    finally:
        for name, submodule in module.named_modules():
            submodule.training = training[name]


def batches(data: Dataset | object, batch_size: int, num_workers: int = 0) -> Iterator[tuple[Tensor, dict, Tensor]]:
    """(x, {task: labels}, index) of a whole data set in order, in storage form, or what a loader yields.

    An ``ArrayDataset`` is cut into slices; any other one is read through a ``torch.utils.data.DataLoader``.
    """
    if hasattr(data, "epoch"):
        for batch in data.epoch(0):
            yield batch.x, batch.labels, batch.index
    elif isinstance(data, ArrayDataset):
        for start in range(0, len(data), batch_size):
            cut = slice(start, min(start + batch_size, len(data)))
            yield data.x[cut], {task: y[cut] for task, y in data.labels.items()}, torch.arange(cut.start, cut.stop)
    else:
        start = 0
        for x, labels in DataLoader(data, batch_size, num_workers=num_workers, collate_fn=default_collate):
            yield x, labels, torch.arange(start, start + len(x))
            start += len(x)


def _forward(encoder: nn.Module, x: Tensor, layers: Sequence[str] | None) -> dict[str, Tensor]:
    if layers is None:
        return {"features": encoder(x)}
    if not hasattr(encoder, "features"):
        raise ValueError(f"layers were asked for, but {type(encoder).__name__} has no features(x) -> {{layer: tensor}}")
    outputs = encoder.features(x)
    return {name: outputs[name] for name in match_layers(layers, outputs)}


def match_layers(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that the patterns pick, each once, in the patterns' order; "+" joins patterns, "*" stands for anything.

    A name may have a "+" of its own, as that of a space that keeps two entries, ``Z_color+gray``: of the ways to take
    a pattern apart the one with the longest first part is taken.

    Raises:
        ValueError: a pattern that picks nothing; the message lists the names.
    """
    names = list(names)
    return list(dict.fromkeys(name for pattern in patterns for name in _pick(pattern, names)))


def _pick(pattern: str, names: Sequence[str]) -> list[str]:
    pieces = pattern.split("+")
    for num in range(len(pieces), 0, -1):
        if matching := fnmatch.filter(names, "+".join(pieces[:num])):
            return matching + (_pick("+".join(pieces[num:]), names) if num < len(pieces) else [])
    raise ValueError(f"no layer {pieces[0]!r} among the features; there are: {', '.join(names)}")


def validation_split(data: object) -> Dataset | None:
    """The validation split; None, with a warning that says why, if the data has none or can't read it."""
    try:
        dataset = data.split("validation")
    except ValueError as error:
        warnings.warn(f"no validation split, a part of train takes its place: {error}", stacklevel=3)
        return None
    if len(dataset) == 0:
        warnings.warn("the validation split is empty, a part of train takes its place", stacklevel=3)
        return None
    return dataset


def _finite(features: Tensor, name: str, index: Tensor) -> Tensor:
    bad = ~features.isfinite().all(dim=1).cpu()
    if bad.any():
        raise ValueError(
            f"{int(bad.sum())} of {len(bad)} samples of a batch have NaN or infinite {name} "
            f"(the first is sample {int(index.cpu()[bad][0])}): the encoder has diverged, or its input isn't finite"
        )
    return features


def _device_of(module: nn.Module) -> torch.device:
    parameter = next(module.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
