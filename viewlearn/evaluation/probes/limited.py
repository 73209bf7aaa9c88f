"""Some of a data set's samples, so that an evaluation takes no more time than there is."""

from collections.abc import Sequence

from torch import Tensor

from viewlearn.bounds import Seed
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


def on_validation(data: Data, seed: int = 0) -> Data:
    """Keeps the test split out of sight: validation samples stand in its place, a tenth of train in theirs.

    What is chosen by comparing runs (a learning rate, a budget, a recipe) is chosen on these data, and what is reported
    is measured on ``data`` itself.

    Args:
        data: Data that have a validation split.
        seed: Seed of the choice of that tenth.
    """
    return _OnValidation(data, seed)


def subsample(dataset: Dataset, num_samples: int | None, seed: int) -> Dataset:
    """Draws ``num_samples`` of a data set without replacement and keeps its order; None keeps all of it."""
    if num_samples is None or num_samples >= len(dataset):
        return dataset
    return chosen(dataset, subset(len(dataset), num_samples, seed).sort().values)


def chosen(dataset: Dataset, index: Tensor) -> Dataset:
    """Picks samples of a data set by their positions, without reading those that aren't in memory."""
    return take(dataset, index) if isinstance(dataset, ArrayDataset) else _Selected(dataset, index.tolist())


class _Rearranged(Data):
    """Data whose splits are made of another's; private, as its subclasses are, so that no command line offers them."""

    def __init__(self, data: Data):
        self.data = data
        self._made: dict[Split, Dataset] = {}

    def make(self, name: Split) -> Dataset:
        """Makes a split."""
        raise NotImplementedError

    @property
    def spec(self) -> DataSpec:
        return self.data.spec

    def split(self, name: Split) -> Dataset:
        if name not in self._made:
            self._made[name] = self.make(name)
        return self._made[name]

    @property
    def decode(self) -> View:
        return self.data.decode

    @property
    def front_end(self) -> View:
        return self.data.front_end

    def overlay_opacity(self, x: Tensor) -> Tensor | None:
        return self.data.overlay_opacity(x)


class _Limited(_Rearranged):
    """Some samples of each split."""

    def __init__(self, data: Data, most: dict[Split, int | None], seed: Seed):
        super().__init__(data)
        self.most, self.seed = most, seed

    def make(self, name: Split) -> Dataset:
        return subsample(self.data.split(name), self.most[name], self.seed)


class _OnValidation(_Rearranged):
    """Validation samples as the test split."""

    def __init__(self, data: Data, seed: Seed):
        super().__init__(data)
        self.seed = seed

    def make(self, name: Split) -> Dataset:
        if name == "test":
            return self.data.split("validation")
        train = self.data.split("train")
        order = subset(len(train), len(train), self.seed)
        held_out = len(train) // 10
        part = order[:held_out] if name == "validation" else order[held_out:]
        return chosen(train, part.sort().values)


class _Selected:
    """Samples at some positions of a data set, read when they are asked for."""

    def __init__(self, dataset: Dataset, positions: Sequence[int]):
        self.dataset, self.positions = dataset, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, int]]:
        return self.dataset[self.positions[index]]
