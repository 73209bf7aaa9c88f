import pytest
import torch

from viewlearn.data import ArrayDataset, DataSpec, in_memory, take
from viewlearn.views.decode import ToFloat

TASKS = {"digit": ("0", "1", "2")}


def test_a_sample_is_x_and_a_label_per_task():
    x, labels = ArrayDataset(torch.zeros(3, 1, 2, 2, dtype=torch.uint8), {"digit": [2, 0, 1]}, TASKS)[0]
    assert x.shape == (1, 2, 2)
    assert labels == {"digit": 2}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"digit": [0, 3, 1]}, r"task 'digit': sample 1 has the label 3, which must be in 0 … 2"),
        ({"digit": [0, 2, -2]}, r"sample 2 has the label -2, which must be in 0 … 2, or -1 for unlabeled \(1 such"),
        ({"digit": [0, 1]}, r"labels of shape \(2,\) for 3 samples"),
        ({"digit": [0.0, 1.0, 2.0]}, "must be integers"),
        ({"letter": [0, 1, 2]}, "no class names"),
    ],
)
def test_labels_are_checked(labels, message):
    with pytest.raises(ValueError, match=message):
        ArrayDataset(torch.zeros(3, 1), labels, TASKS)


def test_negative_labels_are_refused_without_class_names_too():
    with pytest.raises(ValueError, match="label -2, which must be 0 or more, or -1 for unlabeled"):
        ArrayDataset(torch.zeros(2, 1), {"digit": [0, -2]})


class Lazy:
    """A data set that isn't in memory: sample i is filled with i, and every other one is unlabeled."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return torch.full((2,), index), {"digit": index if index % 2 == 0 else -1}


@pytest.mark.parametrize("dataset", [Lazy(), in_memory(Lazy())])
def test_taken_samples_keep_the_order_asked_for_and_say_which_are_unlabeled(dataset):
    taken = take(dataset, torch.tensor([4, 1, 4]))
    assert taken.x.tolist() == [[4, 4], [1, 1], [4, 4]]
    assert taken.labels["digit"].tolist() == [4, -1, 4]
    assert len(take(dataset, torch.arange(0))) == 0


def test_bindings_name_what_the_data_decide():
    bindings = DataSpec((3, 32, 48), mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0), num_train=7).bindings()
    assert bindings["channels"] == 3
    assert bindings["size"] == (32, 48)
    assert bindings["num_train"] == 7


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (torch.uint8, [0, 51, 255], [0.0, 0.2, 1.0]),
        (torch.int16, [-32768, 0, 16384], [-1.0, 0.0, 0.5]),
        (torch.float32, [-1.0, 0.0, 0.5], [-1.0, 0.0, 0.5]),
    ],
)
def test_to_float_decodes_to_natural_units(dtype, values, expected):
    view, x = ToFloat(), torch.tensor([values], dtype=dtype)
    decoded = view(x)
    torch.testing.assert_close(decoded, torch.tensor([expected]))
    assert (view.like(x).shape, view.like(x).dtype) == (decoded.shape, decoded.dtype)


def test_to_float_refuses_types_without_a_full_scale():
    with pytest.raises(ValueError, match=r"torch\.int64"):
        ToFloat()(torch.zeros(2, 2, dtype=torch.int64))
