"""Some of a data set's samples, so that an evaluation takes no more time than there is."""

from collections.abc import Sequence

from torch import Tensor

from viewlearn.data import ArrayDataset, Data, Dataset, DataSpec, Split, take
from viewlearn.sampling import subset
from viewlearn.views import View


def limited(data: Data, num_train: int | None = None, num_test: int | None = None, seed: int = 0) -> Data:
    """Limits the samples of each split: the same ones every time, drawn at random.

    Args:
        data: Data whose samples are limited.
        num_train: Number of training samples at most; None for all.
        num_test: Number of test samples at most, and of validation samples; None for all.
        seed: Seed of the choice.

    Raises:
        ValueError: A number is below 1.
    """
    for name, num in (("num_train", num_train), ("num_test", num_test)):
        if num is not None and num < 1:
            raise ValueError(f"{name} is {num}; it must be at least 1")
    return _Limited(data, {"train": num_train, "validation": num_test, "test": num_test}, seed)


def subsample(dataset: Dataset, num_samples: int | None, seed: int) -> Dataset:
    """Draws ``num_samples`` of a data set without replacement and keeps its order; None keeps all of it."""
    if num_samples is None or num_samples >= len(dataset):
        return dataset
    chosen = subset(len(dataset), num_samples, seed).sort().values
    return take(dataset, chosen) if isinstance(dataset, ArrayDataset) else _Selected(dataset, chosen.tolist())


class _Limited(Data):
    """Data of which some samples are taken; private, so that no command line offers it."""

    def __init__(self, data: Data, most: dict[Split, int | None], seed: int):
        self.data, self.most, self.seed = data, most, seed
        self._taken: dict[Split, Dataset] = {}

    @property
    def spec(self) -> DataSpec:
        return self.data.spec

    def split(self, name: Split) -> Dataset:
        if name not in self._taken:
            self._taken[name] = subsample(self.data.split(name), self.most[name], self.seed)
        return self._taken[name]

    @property
    def decode(self) -> View:
        return self.data.decode

    @property
    def front_end(self) -> View:
        return self.data.front_end

    def overlay_opacity(self, x: Tensor) -> Tensor | None:
        return self.data.overlay_opacity(x)


class _Selected:
    """Samples at some positions of a data set, read when they are asked for."""

    def __init__(self, dataset: Dataset, positions: Sequence[int]):
        self.dataset, self.positions = dataset, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        return self.dataset[self.positions[index]]
