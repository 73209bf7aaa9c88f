"""Data from tensors and foreign data sets: what is read, how labels are named, what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

from viewlearn.data import ArrayDataset, as_data, check_data
from viewlearn.encoders import Backbone
from viewlearn.views import NoViews

X = torch.arange(20 * 3 * 4 * 4).reshape(20, 3, 4, 4).remainder(251).to(torch.uint8)
Y = torch.arange(20) % 4


class Listed(torch.utils.data.Dataset):
    """Items as other libraries have them."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def pillow(x):
    return Image.fromarray(x.permute(1, 2, 0).numpy())


def everything(data):
    """Samples and labels of all splits, in the order of the samples' first values."""
    parts = [data.split("train"), data.split("validation")]
    rows = [part[i] for part in parts for i in range(len(part))]
    return sorted(((x.flatten().tolist(), labels) for x, labels in rows), key=lambda row: row[0])


WANTED = sorted(((x.flatten().tolist(), int(y)) for x, y in zip(X, Y, strict=True)), key=lambda row: row[0])
SOURCES = {
    "tensors": ((X, Y), {}, "class"),
    "arrays of labels": ((X, {"kind": Y.tolist()}), {}, "kind"),
    "torch": (TensorDataset(X, Y), {}, "class"),
    "torchvision": (Listed([(pillow(x), int(y)) for x, y in zip(X, Y, strict=True)]), {}, "class"),
    "hugging face": (
        Listed([{"img": pillow(x), "label": np.int64(y), "id": 7} for x, y in zip(X, Y, strict=True)]),
        {"sample_key": "img"},
        "label",
    ),
    "several tasks": (Listed([(x.numpy(), {"kind": int(y)}) for x, y in zip(X, Y, strict=True)]), {}, "kind"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_the_same_samples_and_labels(name):
    source, settings, task = SOURCES[name]
    data = as_data(source, **settings)
    check_data(data, ("train", "validation"))
    assert everything(data) == [(x, {task: y}) for x, y in WANTED]
    assert data.spec.tasks == {task: ("0", "1", "2", "3")} and data.spec.num_train == 18
    assert data.spec.shape == (3, 4, 4) and data.spec.value_range == (0, 1)


def test_samples_that_are_read_when_needed_are_those_in_memory():
    source = SOURCES["torchvision"][0]
    lazy = as_data(source, classes=["a", "b", "c", "d"], in_memory=False)
    assert everything(lazy) == everything(as_data(source))
    assert not isinstance(lazy.split("train"), ArrayDataset)
    with pytest.raises(ValueError, match=r"give classes, or classes=\{\}"):
        as_data(source, in_memory=False)
    assert as_data(source, in_memory=False, classes={}).spec.tasks == {}


def test_statistics_are_those_of_the_decoded_samples():
    spec = as_data(X).spec
    torch.testing.assert_close(torch.tensor(spec.mean), (X / 255).mean((0, 2, 3)))
    torch.testing.assert_close(torch.tensor(spec.std), (X / 255).std((0, 2, 3), correction=0))
    assert as_data(X.float() - 100).spec.value_range is None
    assert spec.num_train == 20  # nothing is held out of unlabeled data


def test_what_is_bound_and_chained():
    data = as_data(X.repeat(1, 1, 4, 4))
    encoder = data.bind(Backbone, "resnet10w4", stem="small")
    assert encoder.normalize.mean.flatten().tolist() == pytest.approx(list(data.spec.mean))
    assert data.bind(Backbone, "resnet10w4", mean=(0.0,) * 3).normalize.mean.abs().max() == 0
    assert data.pipeline(NoViews()).names == ["decode", "front_end"]


@pytest.mark.parametrize(
    "source, settings, message",
    [
        (X[:0], {}, "the train split is empty"),
        (Listed([]), {}, "the train split is empty"),
        (Listed([X[0], X[0, :, :3]]), {}, r"train: sample 1 has shape \(3, 3, 4\), and the first has \(3, 4, 4\)"),
        (Listed([{"img": X[0]}]), {}, "items have no 'image'; sample_key is one of: img"),
        (Listed([(X[0], 0.5)]), {}, "a label of task 'class' is 0.5"),
        (Listed([(X[0], "cat")]), {}, "a label of task 'class' is 'cat'"),
        (Listed(["cat.png"]), {}, "a sample is a str"),
        (Listed([Image.new("F", (4, 4))]), {}, "Pillow's mode 'F'"),
        ((X, Y), {"classes": ["a", "b"]}, "task 'class'"),
        (torch.zeros(5, 4), {}, "their channels come first"),
    ],
)
def test_what_is_refused(source, settings, message):
    with pytest.raises(ValueError, match=message):
        as_data(source, **settings)


def test_unlabeled_samples_and_a_test_split():
    data = as_data(Listed([(X[0], None), (X[1], -1), (X[2], 1)]), (X, Y.clamp(max=1)), validation_fraction=0.0)
    assert data.split("train").labels["class"].tolist() == [-1, -1, 1]
    assert len(data.split("test")) == 20
    with pytest.raises(ValueError, match="there is no validation split; there are: train, test"):
        data.split("validation")
