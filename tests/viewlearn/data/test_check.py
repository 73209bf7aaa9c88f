import pytest
import torch

from viewlearn.data import ArrayDataset, Data, DataSpec, NoSplit, check_data, unanswerable


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
        if name not in self.splits:
            raise NoSplit(f"there is no {name}")
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


def test_validation_is_checked_where_there_is_one():
    whole = {"train": given([0, 1]), "test": given([0, 1])}
    check_data(Given(**whole, validation=given([])))
    with pytest.raises(ValueError, match=r"validation split: .*label 7"):
        check_data(Given(**whole, validation=given([0, 7])))

    class Unreadable(Given):
        def split(self, name):
            if name == "validation":
                raise ValueError("can't read the image 'a.jpg'")
            return super().split(name)

    with pytest.raises(ValueError, match=r"a\.jpg"):
        check_data(Unreadable(**whole))
    with pytest.raises(NoSplit):
        check_data(Given(train=given([0, 1])))


def test_what_no_probe_can_be_asked_about():
    both, unknown, ones = given([0, 1]), given([-1, -1]), given([1, -1])
    assert unanswerable(Given(train=both, test=ones)) == {}
    assert unanswerable(Given(train=unknown, test=both)) == {"digit": "no train sample has a label"}
    assert unanswerable(Given(train=both, test=unknown)) == {"digit": "no test sample has a label"}
    assert unanswerable(Given(train=ones, test=both)) == {"digit": "all train samples with a label are of class '1'"}
    unnamed = ArrayDataset(torch.zeros(2, 1, 4, 4))
    assert unanswerable(Given(train=unnamed, test=both)) == {"digit": "no train sample has a label"}
    assert unanswerable(Given(train=Lazy(1), test=Lazy(1))) == {}  # which would have to be read

    class Single(Given):
        spec = DataSpec((1, 4, 4), {"class": ("photos",)})

    assert unanswerable(Single()) == {"class": "its only class is 'photos'"}
