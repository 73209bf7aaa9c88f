"""A part of a data set's samples, so that an evaluation takes the time that there is."""

from torch.utils.data import Dataset, Subset

from viewlearn.data import ArrayDataset, Data, DataSpec, take
from viewlearn.data.dataset import Split
from viewlearn.sampling import subset
from viewlearn.views import View


class LimitedData:
    """Data of which at most some samples of each split are taken: the same ones every time.

    Args:
        data: whose samples.
        num_train: of "train"; None for all.
        num_test: of "test", and of "validation"; None for all.
        seed: of the choice.

    Raises:
        ValueError: no samples at all.
    """

    def __init__(self, data: Data, num_train: int | None = None, num_test: int | None = None, seed: int = 0):
        for name, num in (("num_train", num_train), ("num_test", num_test)):
            if num is not None and num < 1:
                raise ValueError(f"{name} is {num}; it must be at least 1")
        self.data, self.seed = data, seed
        self.most = {"train": num_train, "validation": num_test, "test": num_test}
        self._taken: dict[str, Dataset] = {}

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


def subsample(dataset: Dataset, num_samples: int | None, seed: int) -> Dataset:
    """``num_samples`` of a data set, drawn without replacement, in the data set's order; all of it for None."""
    if num_samples is None or num_samples >= len(dataset):
        return dataset
    chosen = subset(len(dataset), num_samples, seed).sort().values
    return take(dataset, chosen) if isinstance(dataset, ArrayDataset) else Subset(dataset, chosen.tolist())
