"""The contract of data: samples with labels per task, batches of them, and their splits."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor

from viewlearn.bounds import Checked
from viewlearn.data.labels import check_labels
from viewlearn.data.spec import DataSpec
from viewlearn.views.compose import Compose
from viewlearn.views.decode import ToFloat
from viewlearn.views.pipeline import pipeline
from viewlearn.views.view import Identity, View

Made = TypeVar("Made")
Split = Literal["train", "validation", "test"]


class NoSplit(ValueError):
    """A split that these data don't have."""


@dataclass(frozen=True)
class Batch:
    """Some samples of a data set.

    Args:
        x: ``(batch, …)`` in storage form: uint8 images ``(batch, channel, height, width)``, int16 or float32
            waveforms ``(batch, channel, time)``.
        labels: ``{task: (batch,) int64}``, −1 where a sample is unlabeled; empty for unlabeled data.
        index: ``(batch,) int64``, the position of each sample in its data set.
    """

    x: Tensor
    labels: dict[str, Tensor]
    index: Tensor

    def __len__(self) -> int:
        return len(self.x)

    def pin_memory(self) -> "Batch":
        """Copies the batch to page-locked memory, from which copies to an accelerator overlap with computation."""
        labels = {task: value.pin_memory() for task, value in self.labels.items()}
        return Batch(self.x.pin_memory(), labels, self.index.pin_memory())

    def to(self, device: torch.device | str) -> "Batch":
        """Copies the batch to ``device``; the copy from pinned memory doesn't block."""
        labels = {task: value.to(device, non_blocking=True) for task, value in self.labels.items()}
        return Batch(self.x.to(device, non_blocking=True), labels, self.index.to(device, non_blocking=True))


class Dataset(Protocol):
    """A map-style data set: ``len(dataset)``, and ``dataset[i] -> (x, {task: label})`` with x in storage form.

    A sample is a pure function of i; randomness belongs to the views. All samples name the same tasks, with the label
    −1 where a sample is unlabeled.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]: ...


class ArrayDataset:
    """A data set in memory.

    Args:
        x: ``(num_samples, …)`` in storage form.
        labels: ``{task: (num_samples,) integers}``, −1 where a sample is unlabeled; None or empty for unlabeled data.
        tasks: Class names of each task, which the labels are checked against.

    Raises:
        ValueError: Labels that aren't integers, are too many or too few, or lie outside their task's range.
    """

    def __init__(
        self,
        x: Tensor,
        labels: Mapping[str, Tensor | Sequence[int]] | None = None,
        tasks: Mapping[str, Sequence[str]] | None = None,
    ):
        self.x = x
        self.labels = check_labels(labels or {}, len(x), tasks)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        return self.x[index], {task: int(value[index]) for task, value in self.labels.items()}

    @property
    def num_bytes(self) -> int:
        """Size of samples and labels in bytes."""
        return sum(value.numel() * value.element_size() for value in (self.x, *self.labels.values()))


def take(dataset: Dataset, index: Tensor) -> ArrayDataset:
    """Reads some samples of a data set into memory.

    Args:
        dataset: What to read from; it must have a sample, which says what shape and which tasks they have.
        index: ``(num,)`` int64, the samples' positions in the order wanted.
    """
    if isinstance(dataset, ArrayDataset):
        return ArrayDataset(dataset.x[index], {task: values[index] for task, values in dataset.labels.items()})
    first, labels = dataset[0]
    x = first.new_empty(len(index), *first.shape)
    columns = {task: torch.empty(len(index), dtype=torch.int64) for task in labels}
    for k, i in enumerate(index.tolist()):
        x[k], row = dataset[i]
        for task, column in columns.items():
            column[k] = row[task]
    return ArrayDataset(x, columns)


def in_memory(dataset: Dataset) -> ArrayDataset:
    """Reads every sample of a data set into memory, in order; an ArrayDataset is returned as it is."""
    return dataset if isinstance(dataset, ArrayDataset) else take(dataset, torch.arange(len(dataset)))


class Data(Checked, ABC):
    """Splits, their description, and the way from stored samples to the encoder's input.

    A run's views are ``Compose(decode, views in natural units, front_end, all other views)``; evaluation on clean
    inputs takes ``decode`` and ``front_end`` alone.
    """

    @property
    @abstractmethod
    def spec(self) -> DataSpec:
        """Shape, tasks and statistics of the data that encoders are pre-trained on, in the form that they read."""

    @abstractmethod
    def split(self, name: Split) -> Dataset:
        """Returns a split; validation samples are held out of train, the same ones every time.

        Raises:
            NoSplit: A split that these data don't have; without validation, a part of train takes its place.
            ValueError: Samples that can't be read, which stops a run.
        """

    def pretraining(self) -> Dataset:
        """Returns what encoders are pre-trained on: the training split, or more if there are unlabeled samples."""
        return self.split("train")

    @property
    def decode(self) -> View:
        """View from storage form to natural units: images in [0, 1], waveforms in [-1, 1]."""
        return ToFloat()

    @property
    def front_end(self) -> View:
        """View from natural units to the encoder's input: none for images, log-mel spectrograms for audio."""
        return Identity()

    def pipeline(self, views: View | None = None) -> Compose:
        """Chains decoding, views and front end, as methods take them; without views, the result is the clean input."""
        return pipeline(self.decode, self.front_end, views)

    def bind(self, make: Callable[..., Made], *arguments: Any, **named: Any) -> Made:
        """Makes an encoder, a view or what else knows the data: ``data.bind(Backbone, "resnet18")``.

        Arguments that are named after a property of the data and aren't given are filled in, see
        ``DataSpec.bindings``; so a run's command line does it, too.

        Args:
            make: Class, or function, to call.
            arguments: Positional arguments.
            named: Arguments by name.
        """
        parameters = list(inspect.signature(make).parameters)[len(arguments) :]
        of_view = inspect.isclass(make) and issubclass(make, View)
        known = {name: value for name, value in self.spec.bindings(of_view).items() if name in parameters}
        return make(*arguments, **{**known, **named})

    def overlay_opacity(self, x: Tensor) -> Tensor | None:
        """The overlay's opacity in stored samples x, ``(batch, height, width)``; None where it isn't kept apart."""
        return None

    def resolved(self) -> dict[str, object]:
        """Returns constructor arguments that were measured; a run keeps them in its configuration."""
        return {}

    @property
    def skipped(self) -> dict[str, str]:
        """Path of each sample that was skipped because it couldn't be read, and the reason."""
        return {}
