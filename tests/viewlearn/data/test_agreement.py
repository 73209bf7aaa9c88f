"""Processes that read other data are noticed, whatever differs."""

import pytest
import torch

from viewlearn.data import ArrayDataset, Data, DataSpec, Sight, check_agreement


class Lazy:
    """A data set that isn't in memory."""

    def __init__(self, dataset: ArrayDataset):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int):
        return self.dataset[index]


class Given(Data):
    def __init__(self, dataset, mean: float = 0.5):
        self.dataset, self.mean = dataset, mean

    @property
    def spec(self) -> DataSpec:
        return DataSpec((1, 2, 2), {"parity": ("even", "odd")}, (self.mean,), (0.1,), len(self.dataset))

    def split(self, name):
        return self.dataset


def array(num_samples: int = 1000) -> ArrayDataset:
    x = torch.arange(num_samples * 4).view(num_samples, 1, 2, 2) % 251
    return ArrayDataset(x.to(torch.uint8), {"parity": torch.arange(num_samples) % 2})


@pytest.mark.parametrize("kind", [lambda dataset: dataset, Lazy], ids=["in memory", "from files"])
def test_the_same_data_agree(kind):
    check_agreement([Sight.of(Given(kind(array()))) for _ in range(3)])
    check_agreement([Sight.of(Given(kind(array()), mean)) for mean in (0.5, 0.50001)])  # measured on another machine


@pytest.mark.parametrize("kind", [lambda dataset: dataset, Lazy], ids=["in memory", "from files"])
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("pixel", "as many samples, but with other content"),
        ("label", "as many samples, but with other content"),
        ("order", "as many samples, but with other content"),
        ("number", "999 samples in place of 1000"),
        ("mean", "mean is \\(0.6,\\), not \\(0.5,\\)"),
    ],
)
def test_a_process_with_other_data_is_named(kind, what, said):
    other = array(999) if what == "number" else array()
    if what == "pixel":
        other.x[0, 0, 0, 0] += 1
    elif what == "label":
        other.labels["parity"][0] = 1
    elif what == "order":
        other.x = other.x.roll(1, 0)
    seen = [Sight.of(Given(kind(each))) for each in (array(), array())]
    seen.append(Sight.of(Given(kind(other), 0.6 if what == "mean" else 0.5)))
    with pytest.raises(ValueError, match=f"process 2 reads other data than process 0: .*{said}"):
        check_agreement(seen)
