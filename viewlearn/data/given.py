"""Data from what a user has at hand: tensors, and data sets of torch, torchvision and Hugging Face."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.utils.data import Subset

from viewlearn.bounds import FractionBelowOne
from viewlearn.data.dataset import ArrayDataset, Data, Dataset, NoSplit, Split, take
from viewlearn.data.spec import DataSpec
from viewlearn.sampling import subset
from viewlearn.views.view import Identity, View

TASK = "class"  # of labels that come without a name
NUM_MEASURED = 2_000  # evenly spaced samples that mean, deviation and range are measured on
MODES = {"1": "L", "L": "L", "RGB": "RGB", "RGBA": "RGB", "P": "RGB", "CMYK": "RGB"}  # of Pillow, and what they become

Labels = Tensor | Sequence[int] | Mapping[str, Tensor | Sequence[int]]
Classes = Sequence[str] | Mapping[str, Sequence[str]]


class Samples(Protocol):
    """A map-style data set of any library: ``len(samples)`` and ``samples[i]``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


Source = Tensor | tuple[Tensor, Labels] | Samples


def as_data(
    train: Source,
    test: Source | None = None,
    *,
    classes: Classes | None = None,
    sample_key: str = "image",
    label_keys: Sequence[str] = ("label",),
    validation_fraction: FractionBelowOne = 0.1,
    in_memory: bool = True,
    front_end: View | None = None,
    sample_rate: int | None = None,
) -> Data:
    """Makes data of tensors, or of a data set of torch, torchvision or Hugging Face.

    ::

        data = as_data(images)                                     # (num_samples, channel, height, width)
        data = as_data((images, labels), test=(others, theirs))
        data = as_data(torchvision.datasets.CIFAR10(root), torchvision.datasets.CIFAR10(root, train=False))
        data = as_data(datasets.load_dataset("cifar10", split="train"), sample_key="img")

    An item of a data set is a sample, a pair of sample and label, a pair of sample and ``{task: label}``, or a mapping.
    A sample is a tensor or array in storage form, uint8 or floats in [0, 1] ``(channel, height, width)`` for images, or
    an image of Pillow, which is read as grayscale or RGB. All have one shape: what resizes images belongs into the data
    set's own transform, such as torchvision's ``Compose([Resize(64), CenterCrop(64)])``. A label is an integer, −1 or
    None where there is none. Labels without a name are of the task ``class``.

    Args:
        train: Samples to learn from.
        test: Samples to test on; without them, only validation samples can be.
        classes: Class names in label order, or by task; the labels themselves by default, which takes data in memory.
        sample_key: Key of the sample, in items that are mappings.
        label_keys: Keys of labels in such items, each a task; an item may lack them.
        validation_fraction: Fraction of labeled training samples that is held out, the same ones every time; nothing is
            held out of unlabeled data.
        in_memory: Whether all samples are read now; otherwise each is read when it is needed, by workers.
        front_end: View from natural units to what the encoder reads, such as a log-mel spectrogram; none by default.
        sample_rate: Sample rate of sounds in Hz.

    Raises:
        ValueError: No samples, samples of several shapes, labels that aren't integers or lie outside the classes, or
            labels without class names in data that aren't read now.
    """
    named = {TASK: classes} if isinstance(classes, Sequence) else classes
    return _GivenData(
        {"train": train} if test is None else {"train": train, "test": test},
        _Reader(sample_key, label_keys, named),
        named,
        validation_fraction,
        in_memory,
        front_end or Identity(),
        sample_rate,
    )


class _GivenData(Data):
    """What ``as_data`` makes."""

    def __init__(
        self,
        sources: Mapping[Split, Source],
        reader: "_Reader",
        classes: Mapping[str, Sequence[str]] | None,
        validation_fraction: FractionBelowOne,
        in_memory: bool,
        front_end: View,
        sample_rate: int | None,
    ):
        self._front_end = front_end
        parts = {name: _dataset(source, reader, in_memory, name) for name, source in sources.items()}
        classes = _classes(parts) if classes is None else classes
        tasks = {task: tuple(names) for task, names in classes.items()}
        parts = {
            name: ArrayDataset(each.x, each.labels, tasks) if isinstance(each, ArrayDataset) else each
            for name, each in parts.items()
        }
        train = parts["train"]
        num_held_out = round(validation_fraction * len(train)) if tasks else 0
        if num_held_out:
            order = subset(len(train), len(train), 0)
            parts["validation"] = _part(train, order[:num_held_out].sort().values)
            parts["train"] = _part(train, order[num_held_out:].sort().values)
        self._parts = parts
        self._spec = self._measure(tasks, sample_rate)

    @property
    def spec(self) -> DataSpec:
        return self._spec

    @property
    def front_end(self) -> View:
        return self._front_end

    def split(self, name: Split) -> Dataset:
        if name not in self._parts:
            raise NoSplit(f"there is no {name} split; there are: {', '.join(self._parts)}")
        return self._parts[name]

    def _measure(self, tasks: dict[str, tuple[str, ...]], sample_rate: int | None) -> DataSpec:
        train = self._parts["train"]
        places = torch.linspace(0, len(train) - 1, min(NUM_MEASURED, len(train)), dtype=torch.float64)
        stored = take(train, places.round().long()).x
        x = self.front_end(self.decode(stored))
        if x.ndim < 3:
            raise ValueError(f"samples have shape {tuple(stored.shape[1:])}; their channels come first, then the rest")
        rest = [k for k in range(x.ndim) if k != 1]
        std = x.float().std(rest, correction=0)
        bounded = isinstance(self.front_end, Identity) and float(x.min()) >= 0 and float(x.max()) <= 1
        return DataSpec(
            shape=tuple(x.shape[1:]),
            tasks=tasks,
            mean=tuple(x.float().mean(rest).tolist()),
            std=tuple(torch.where(std > 0, std, 1.0).tolist()),
            num_train=len(train),
            sample_rate=sample_rate,
            num_samples=None if sample_rate is None else stored.shape[-1],
            value_range=(0.0, 1.0) if bounded else None,
        )


class _Reader:
    """Turns an item of any data set into a sample in storage form and its labels by task.

    Args:
        sample_key: Key of the sample, in items that are mappings.
        label_keys: Keys of labels in such items.
        tasks: Tasks whose labels are read; None for all.
    """

    def __init__(self, sample_key: str, label_keys: Sequence[str], tasks: Collection[str] | None):
        self.sample_key, self.label_keys, self.tasks = sample_key, tuple(label_keys), tasks

    def __call__(self, item: Any) -> tuple[Tensor, dict[str, int]]:
        labels: Any = {}
        if isinstance(item, Mapping):
            if self.sample_key not in item:
                raise ValueError(f"items have no {self.sample_key!r}; sample_key is one of: {', '.join(item)}")
            item, labels = item[self.sample_key], {key: item[key] for key in self.label_keys if key in item}
        elif isinstance(item, tuple | list):
            item, labels = item[0], item[1] if len(item) > 1 else {}
        return _sample(item), {task: _label(task, value) for task, value in self.wanted(labels).items()}

    def wanted(self, labels: Any) -> dict[str, Any]:
        """Labels by task, of those tasks that are read."""
        named = labels if isinstance(labels, Mapping) else {TASK: labels}
        return {task: value for task, value in named.items() if self.tasks is None or task in self.tasks}


class _Read(torch.utils.data.Dataset):
    """Samples that are read when they are needed."""

    def __init__(self, samples: Samples, reader: _Reader, name: Split):
        self.samples, self.reader, self.name = samples, reader, name
        self.shape = reader(samples[0])[0].shape

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        x, labels = self.reader(self.samples[index])
        if x.shape != self.shape:
            raise ValueError(
                f"{self.name}: sample {index} has shape {tuple(x.shape)}, and the first has {tuple(self.shape)}; give "
                "the data set a transform that makes them alike, such as torchvision's Resize and CenterCrop"
            )
        return x, labels


def _dataset(source: Source, reader: _Reader, in_memory: bool, name: Split) -> Dataset:
    if isinstance(source, Tensor):
        source = (source, {})
    # pyrefly: ignore[unsafe-overlap]  (a tuple of tensors isn't a data set of two samples)
    if isinstance(source, tuple):
        x, labels = source
        _must_have_samples(len(x), name)
        return ArrayDataset(x, reader.wanted(labels))
    _must_have_samples(len(source), name)
    dataset = _Read(source, reader, name)
    return take(dataset, torch.arange(len(dataset))) if in_memory else dataset


def _must_have_samples(num: int, name: Split) -> None:
    if num == 0:
        raise ValueError(f"the {name} split is empty")


def _classes(parts: Mapping[Split, Dataset]) -> dict[str, list[str]]:
    """The labels of each task as names of its classes."""
    largest: dict[str, int] = {}
    for name, dataset in parts.items():
        if not isinstance(dataset, ArrayDataset):
            labels = dataset[0][1]
            if labels:
                raise ValueError(
                    f"the {name} split has labels ({', '.join(labels)}): give classes, or classes={{}} to leave them "
                    "out, since its samples aren't read now"
                )
            continue
        for task, values in dataset.labels.items():
            largest[task] = max(largest.get(task, -1), int(values.max()))
    return {task: [str(k) for k in range(num + 1)] for task, num in largest.items() if num >= 0}


def _part(dataset: Dataset, index: Tensor) -> Dataset:
    if isinstance(dataset, ArrayDataset):
        return take(dataset, index)
    return Subset(dataset, index.tolist())  # pyrefly: ignore[bad-argument-type, bad-return]  (it takes any data set)


def _sample(item: Any) -> Tensor:
    if isinstance(item, Image):
        if item.mode not in MODES:
            raise ValueError(f"an image has Pillow's mode {item.mode!r}; there are: {', '.join(MODES)}")
        values = np.array(item.convert(MODES[item.mode]))
        return torch.from_numpy(values).reshape(*values.shape[:2], -1).permute(2, 0, 1).contiguous()
    if isinstance(item, np.ndarray):
        return torch.from_numpy(item)
    if isinstance(item, Tensor):
        return item
    raise ValueError(f"a sample is a {type(item).__name__}; it must be a tensor, an array or an image of Pillow")


def _label(task: str, value: Any) -> int:
    if value is None:
        return -1
    number = np.asarray(value)
    if number.size == 1 and np.issubdtype(number.dtype, np.integer):
        return int(number.item())
    raise ValueError(f"a label of task {task!r} is {value!r}; it must be an integer, or None for an unlabeled sample")
