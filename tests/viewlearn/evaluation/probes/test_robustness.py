import json

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec, NoSplit
from viewlearn.evaluation.probes import (
    Robustness,
    corrupt,
    corruption_robustness,
    fit_linear_probe,
    limited,
    on_validation,
    subsample,
)
from viewlearn.views import Identity, View, draw
from viewlearn.views.decode import ToFloat


class Jitter(View):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def sample(self, x, generator=None):
        return {"noise": draw.normal(x, generator, *x.shape[1:])}

    def transform(self, x, params):
        return x + self.amount * params["noise"]


class Signs(Data):
    decode = front_end = Identity()
    spec = DataSpec((4,), tasks={"sign": ("minus", "plus")})

    def __init__(self, **sizes):
        self.sizes = sizes or {"train": 300, "validation": 100, "test": 400}

    def split(self, name):
        if name not in self.sizes:
            raise NoSplit(name)
        x = torch.randn(self.sizes[name], 4, generator=torch.Generator().manual_seed(len(name)))
        return ArrayDataset(x, {"sign": (x[:, 0] > 0).long()})


CORRUPTIONS = {"none": [Identity()], "jitter": [Jitter(0.3), Jitter(3.0)]}


@pytest.mark.filterwarnings("ignore:no validation split")
@pytest.mark.parametrize("sizes", [{}, {"train": 300, "test": 400}])
def test_the_classifier_is_fitted_on_clean_inputs_and_asked_about_corrupted_ones(sizes):
    robustness = corruption_robustness(nn.Flatten(), Signs(**sizes), ["sign"], CORRUPTIONS, l2=1e-3)["sign", None]
    assert robustness.clean > 0.97
    assert robustness.corrupted["none"] == [robustness.clean]
    mild, severe = robustness.corrupted["jitter"]
    assert 0.55 < severe < mild < robustness.clean
    assert robustness.mean == pytest.approx((robustness.clean + (mild + severe) / 2) / 2)


def test_published_files_take_the_place_of_views():
    data = Signs()
    test = data.split("test")
    flipped = ArrayDataset(-test.x, test.labels)
    robustness = corruption_robustness(nn.Flatten(), data, ["sign"], {"files": [test, flipped]})["sign", None]
    assert robustness.corrupted["files"] == [robustness.clean, pytest.approx(1 - robustness.clean, abs=0.02)]


def test_accuracies_are_the_classifiers():
    data = Signs()
    robustness = corruption_robustness(nn.Flatten(), data, ["sign"], {"jitter": [Jitter(1.0)]}, l2=1e-2)["sign", None]
    train, test = data.split("train"), data.split("test")
    classifier, _ = fit_linear_probe(train.x, train.labels["sign"], l2=1e-2)
    x = Jitter(1.0)(test.x, torch.Generator().manual_seed(0))
    assert robustness.corrupted["jitter"] == [(classifier.predict(x) == test.labels["sign"]).double().mean().item()]


def test_json_and_table():
    robustness = Robustness("sign", 0.9, {"noise": [0.8, 0.4], "fog": [0.7]})
    assert json.loads(json.dumps(robustness.to_dict())) == {
        "task": "sign",
        "clean": 0.9,
        "corrupted": {"noise": [0.8, 0.4], "fog": [0.7]},
        "mean": pytest.approx(0.65),
    }
    lines = str(robustness).splitlines()
    assert len(lines) == 6
    assert lines[2].split() == ["noise", "80.0", "40.0", "60.0"]
    assert lines[4].split() == ["mean", "65.0"]


def test_subsample_keeps_labels_with_their_samples():
    data = Signs().split("test")
    part = subsample(data, 50, seed=0)
    assert len(part) == 50
    assert (part.labels["sign"] == (part.x[:, 0] > 0)).all()
    lazy = subsample([data[i] for i in range(400)], 50, seed=0)
    assert torch.equal(torch.stack([lazy[i][0] for i in range(50)]), part.x)
    assert subsample(data, None, 0) is data
    robustness = corruption_robustness(nn.Flatten(), Signs(), ["sign"], CORRUPTIONS, num_test=50)["sign", None]
    assert round(robustness.clean * 50) == pytest.approx(robustness.clean * 50)


def test_no_corruptions_is_an_error():
    for corruptions in ({}, {"fog": []}):
        with pytest.raises(ValueError, match="no corruptions"):
            corruption_robustness(nn.Flatten(), Signs(), ["sign"], corruptions)


def test_images_corrupted_beforehand_give_what_views_do():
    class Images(Data):
        decode, front_end = ToFloat(), Identity()
        spec = DataSpec((3, 4, 4), tasks={"bright": ("no", "yes")})

        def split(self, name):
            x = torch.randint(0, 256, (200, 3, 4, 4), generator=torch.Generator().manual_seed(len(name)))
            return ArrayDataset(x.to(torch.uint8), {"bright": (x[:, 0].float().mean(dim=(1, 2)) > 127).long()})

    corruptions = {"jitter": [Jitter(0.05), Jitter(0.5)]}
    made = corrupt(Images(), corruptions, num_test=60)
    assert [(len(each), each.x.dtype) for each in made["jitter"]] == [(60, torch.uint8)] * 2
    found = [
        corruption_robustness(nn.Flatten(), Images(), ["bright"], each, num_test=60, l2=1e-2)["bright", None]
        for each in (made, corruptions)
    ]
    assert found[0].clean == found[1].clean
    assert found[0].mean == pytest.approx(found[1].mean, abs=0.05)  # but for clamping and 8 bits
    with pytest.raises(ValueError, match="stored as torch"):
        corrupt(Signs(), CORRUPTIONS)


def test_limited_data_are_the_same_part_every_time():
    data = limited(Signs(), num_train=20, num_test=10)
    assert [len(data.split(name)) for name in ("train", "validation", "test")] == [20, 10, 10]
    assert torch.equal(data.split("test").x, limited(Signs(), None, 10).split("test").x)
    assert len(limited(Signs(), None, 10).split("train")) == 300
    with pytest.raises(ValueError, match="num_train is 0"):
        limited(Signs(), num_train=0)


def test_on_validation_the_test_split_stays_out_of_sight():
    data, held = Signs(), on_validation(Signs())
    assert torch.equal(held.split("test").x, data.split("validation").x)
    train, validation = held.split("train").x, held.split("validation").x
    assert len(validation) == 30 and len(train) == 270
    together = torch.cat([train, validation]).flatten(1)
    assert sorted(together.tolist()) == sorted(data.split("train").x.flatten(1).tolist())  # each once, and no other
