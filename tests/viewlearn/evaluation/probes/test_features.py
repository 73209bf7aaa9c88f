from types import SimpleNamespace

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.probes import Extraction, Layered, encode_batches, extract_features, match_layers
from viewlearn.evaluation.probes.features import read_batches
from viewlearn.views import View


class Scale(View):
    """uint8 to [0, 1]."""

    def sample(self, x, generator=None):
        return {}

    def transform(self, x, params):
        return x.float() / 255


class OneByOne:
    """The same samples one by one: as a folder of images is read."""

    def __init__(self, inner):
        self.inner = inner

    def __len__(self):
        return len(self.inner)

    def __getitem__(self, i):
        if i >= len(self.inner):
            raise IndexError(i)
        return self.inner[i]


@pytest.fixture
def dataset(generator):
    x = torch.randint(256, (23, 3, 4, 4), generator=generator, dtype=torch.uint8)
    return ArrayDataset(x, {"a": torch.arange(23) % 3, "b": torch.full((23,), -1)})


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 5), nn.BatchNorm1d(5), nn.Dropout(0.5))


def test_features_are_the_encoders_in_order(dataset, encoder):
    features = extract_features(encoder, dataset, Scale(), Extraction(batch_size=7))
    with torch.no_grad():
        expected = encoder.eval()(dataset.x.float() / 255)
    torch.testing.assert_close(features.x, expected)
    assert features.x.dtype == torch.float32
    assert not features.x.requires_grad
    assert torch.equal(features.labels["a"], dataset.labels["a"])
    assert torch.equal(features.index, torch.arange(23))


def test_every_way_to_read_the_data_gives_the_same(dataset, encoder):
    class Loader:
        def epoch(self, epoch, start_batch=0):
            for index in torch.arange(23).split(10):
                labels = {task: y[index] for task, y in dataset.labels.items()}
                yield SimpleNamespace(x=dataset.x[index], labels=labels, index=index)

    expected = extract_features(encoder, dataset, Scale())
    for features in (
        extract_features(encoder, OneByOne(dataset), Scale(), Extraction(batch_size=8)),
        encode_batches(encoder, Loader().epoch(0), Scale()),
    ):
        torch.testing.assert_close(features.x, expected.x)
        assert torch.equal(features.index, expected.index)
        assert all(torch.equal(features.labels[task], y) for task, y in expected.labels.items())


def test_what_is_in_memory_keeps_its_layout(dataset):
    last = ArrayDataset(dataset.x.to(memory_format=torch.channels_last))
    for batch in read_batches(last, 7):
        assert batch.x.is_contiguous(memory_format=torch.channels_last)
        assert batch.x.data_ptr() == last.x[int(batch.index[0])].data_ptr()


def test_modes_and_statistics_are_as_before(dataset, encoder):
    encoder.train()
    encoder[2].eval()
    before = encoder[2].running_mean.clone()
    extract_features(encoder, dataset, Scale())
    assert [m.training for m in encoder] == [True, True, False, True]
    assert torch.equal(encoder[2].running_mean, before)


def test_modes_are_restored_when_it_fails(dataset, encoder):
    encoder[1].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"23 of 23 samples .* NaN or infinite features \(the first is sample 0\)"):
        extract_features(encoder.train(), dataset, Scale())
    assert encoder.training


def test_layers_by_name_and_their_concatenation(dataset):
    class Heads(Layered):
        def features(self, x):
            x = x.flatten(1)
            return {"V": x, "Z_0": x[:, :4], "Z_color": x[:, 4:6]}

    features = extract_features(Heads(), dataset, Scale(), Extraction(layers=("V", "Z_color", "Z_0")))
    x = dataset.x.float().flatten(1) / 255
    assert list(features.layers) == ["V", "Z_color", "Z_0"]
    torch.testing.assert_close(features.layer("V"), x)
    torch.testing.assert_close(features.layer("Z_0+Z_color"), x[:, :6])
    torch.testing.assert_close(features.x, torch.cat([x, x[:, 4:6], x[:, :4]], dim=1))
    torch.testing.assert_close(features.layer("Z_*"), torch.cat([x[:, 4:6], x[:, :4]], dim=1))
    assert list(extract_features(Heads(), dataset, Scale(), Extraction(("Z_*+V", "Z_0"))).layers) == [
        "Z_0",
        "Z_color",
        "V",
    ]
    with pytest.raises(ValueError, match="no layer 'Z_1' among the features; there are: V, Z_color, Z_0"):
        features.layer("V+Z_1")
    with pytest.raises(ValueError, match="no layer 'Z_1' among the features; there are: V, Z_0, Z_color"):
        extract_features(Heads(), dataset, Scale(), Extraction(("Z_1",)))


def test_half_precision_gives_float32_features_close_by(dataset, encoder):
    exact = extract_features(encoder, dataset, Scale())
    half = extract_features(encoder, dataset, Scale(), Extraction(mixed_precision="bf16"))
    assert half.x.dtype == torch.float32
    assert not torch.equal(half.x, exact.x)
    torch.testing.assert_close(half.x, exact.x, atol=0.05, rtol=0.05)


def test_bad_input_is_named(dataset, encoder):
    with pytest.raises(ValueError, match="mixed_precision is 'fp8'"):
        extract_features(encoder, dataset, Scale(), Extraction(mixed_precision="fp8"))
    with pytest.raises(ValueError, match="empty"):
        extract_features(encoder, ArrayDataset(dataset.x[:0], {}), Scale())
    with pytest.raises(ValueError, match="layers V were asked for, but Sequential isn't Layered"):
        extract_features(encoder, dataset, Scale(), Extraction(("V",)))


def test_a_name_may_have_a_plus_of_its_own():
    names = ["V", "Z_all", "Z_color+gray", "Z_rotation"]
    assert match_layers(["Z_color+gray"], names) == ["Z_color+gray"]
    assert match_layers(["V+Z_color+gray+Z_rotation"], names) == ["V", "Z_color+gray", "Z_rotation"]
    assert match_layers(["Z_*+V"], names) == ["Z_all", "Z_color+gray", "Z_rotation", "V"]
    with pytest.raises(ValueError, match="no layer 'gray'"):
        match_layers(["Z_all+gray"], names)
