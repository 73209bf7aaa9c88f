import json

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset
from viewlearn.evaluation import Robustness, corruption_robustness, fit_linear_probe
from viewlearn.evaluation.robustness import subsample
from viewlearn.views import Identity, View, draw


class Jitter(View):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def sample(self, x, generator=None):
        return {"noise": draw.normal(x, generator, *x.shape[1:])}

    def transform(self, x, params):
        return x + self.amount * params["noise"]


class Signs:
    decode = front_end = Identity()

    def __init__(self, **sizes):
        self.sizes = sizes or {"train": 300, "validation": 100, "test": 400}

    def split(self, name):
        if name not in self.sizes:
            raise ValueError(name)
        x = torch.randn(self.sizes[name], 4, generator=torch.Generator().manual_seed(len(name)))
        return ArrayDataset(x, {"sign": (x[:, 0] > 0).long()})


CORRUPTIONS = {"none": [Identity()], "jitter": [Jitter(0.3), Jitter(3.0)]}


@pytest.mark.filterwarnings("ignore:no validation split")
@pytest.mark.parametrize("sizes", [{}, {"train": 300, "test": 400}])
def test_the_classifier_is_fitted_on_clean_inputs_and_asked_about_corrupted_ones(sizes):
    robustness = corruption_robustness(nn.Flatten(), Signs(**sizes), ["sign"], CORRUPTIONS, l2=1e-3)["sign"]
    assert robustness.clean > 0.97
    assert robustness.corrupted["none"] == [robustness.clean]
    mild, severe = robustness.corrupted["jitter"]
    assert 0.55 < severe < mild < robustness.clean
    assert robustness.mean == pytest.approx((robustness.clean + (mild + severe) / 2) / 2)


def test_published_files_take_the_place_of_views():
    data = Signs()
    test = data.split("test")
    flipped = ArrayDataset(-test.x, test.labels)
    robustness = corruption_robustness(nn.Flatten(), data, ["sign"], {"files": [test, flipped]})["sign"]
    assert robustness.corrupted["files"] == [robustness.clean, pytest.approx(1 - robustness.clean, abs=0.02)]


def test_accuracies_are_the_classifiers():
    data = Signs()
    robustness = corruption_robustness(nn.Flatten(), data, ["sign"], {"jitter": [Jitter(1.0)]}, l2=1e-2)["sign"]
    train, test = data.split("train"), data.split("test")
    classifier, _ = fit_linear_probe(train.x, train.labels["sign"], l2=1e-2)
    x = Jitter(1.0)(test.x, torch.Generator().manual_seed(0))
    assert robustness.corrupted["jitter"] == [(classifier.predict(x) == test.labels["sign"]).double().mean().item()]


def test_round_trip_and_table(tmp_path):
    robustness = Robustness("sign", 0.9, {"noise": [0.8, 0.4], "fog": [0.7]})
    (tmp_path / "robustness.json").write_text(json.dumps(robustness.to_dict()))
    assert Robustness.load(tmp_path / "robustness.json") == robustness
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
    robustness = corruption_robustness(nn.Flatten(), Signs(), ["sign"], CORRUPTIONS, num_test=50)["sign"]
    assert round(robustness.clean * 50) == pytest.approx(robustness.clean * 50)


def test_no_corruptions_is_an_error():
    for corruptions in ({}, {"fog": []}):
        with pytest.raises(ValueError, match="no corruptions"):
            corruption_robustness(nn.Flatten(), Signs(), ["sign"], corruptions)
