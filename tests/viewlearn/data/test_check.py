import pytest
import torch

from viewlearn.data import ArrayDataset, Data, DataSpec, check_data


class Lazy:
    """A data set that isn't in memory."""

    def __init__(self, label: int):
        self.label = label

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return torch.zeros(1, 4, 4), {"digit": self.label}


class Given(Data):
    def __init__(self, **splits):
        self.splits = splits

    @property
    def spec(self):
        return DataSpec((1, 4, 4), {"digit": ("0", "1")})

    def split(self, name):
        return self.splits[name]


def given(labels, shape=(1, 4, 4)):
    return ArrayDataset(torch.zeros(len(labels), *shape, dtype=torch.uint8), {"digit": labels})


def test_sound_data_pass():
    check_data(Given(train=given([0, 1]), test=Lazy(1)))
    check_data(Given(train=ArrayDataset(torch.zeros(2, 1, 4, 4))), splits=("train",))


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (given([0, 1, 2]), r"train split: task 'digit': sample 2 has the label 2, which must be in 0 … 1"),
        (Lazy(5), "has the label 5"),
        (given([]), "train split is empty"),
        (given([0, 1], (1, 5, 4)), r"samples become \(1, 5, 4\); the spec says \(1, 4, 4\)"),
        (ArrayDataset(torch.zeros(1, 1, 4, 4), {"letter": [0]}), "'letter' has labels but no class names"),
    ],
)
def test_faults_are_found(train, message):
    with pytest.raises(ValueError, match=message):
        check_data(Given(train=train, test=given([0])))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused(value):
    x = torch.zeros(3, 1, 4, 4)
    x[2, 0, 1, 1] = value
    with pytest.raises(ValueError, match="test split: sample 2 has values that are NaN or infinite"):
        check_data(Given(train=given([0, 1]), test=ArrayDataset(x)))
