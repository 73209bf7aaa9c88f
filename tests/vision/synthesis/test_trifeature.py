"""Shapes of some texture and color."""

import numpy as np
import pytest
import torch

from vision import Trifeature
from vision.synthesis.trifeature import COLORS, NUM_INSTANCES, PARTS, SHAPES, TEXTURES, instance


def test_ten_of_each_by_exact_labels():
    data = Trifeature(num_train=500, num_validation=20, num_test=20)
    train = data.split("train")
    assert train.x.shape == (500, 3, 32, 32) and train.x.dtype == torch.uint8
    assert all(len(names) == 10 for names in data.spec.tasks.values())
    for task in ("shape", "texture", "color"):
        assert train.labels[task].unique().tolist() == list(range(10))
    again = Trifeature(num_train=100, num_validation=20, num_test=20).split("train")
    assert torch.equal(again.x, train.x[:100])


def test_splits_share_no_instance():
    used = [set(range(*PARTS[split])) for split in ("train", "validation", "test")]
    assert set.union(*used) == set(range(NUM_INSTANCES)) and sum(map(len, used)) == NUM_INSTANCES
    everything = instance("shape", np.repeat(np.arange(10), NUM_INSTANCES), np.tile(np.arange(NUM_INSTANCES), 10))
    assert len(everything.unique(dim=0)) == 10 * NUM_INSTANCES


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_correlations_are_those_chosen(correlation):
    data = Trifeature(correlation, num_train=1, num_test=1)
    index = np.arange(20_000)
    labels = data._labels("train", index)
    same = (labels["texture"] == labels["shape"]).float()
    assert float(same.mean()) == pytest.approx(correlation + (1 - correlation) / 10, abs=0.015)
    indicators = torch.stack([labels["shape"] == 3, labels["texture"] == 3]).float()
    assert float(torch.corrcoef(indicators)[0, 1]) == pytest.approx(correlation, abs=0.05)
    assert float((labels["color"] == labels["shape"]).float().mean()) == pytest.approx(0.1, abs=0.015)
    test = data._labels("test", index)
    assert float((test["texture"] == test["shape"]).float().mean()) == pytest.approx(0.1, abs=0.015)
    test = Trifeature(correlation, correlated_test=True)._labels("test", index)
    assert float((test["texture"] == test["shape"]).float().mean()) == pytest.approx(float(same.mean()), abs=0.02)


def rendered(size=64, **labels):
    index = np.zeros(1, np.int64)
    full = {"shape": 0, "texture": 0, "color": 0, **labels}
    return Trifeature(size=size)._render("train", index, {task: torch.tensor([each]) for task, each in full.items()})[0]


def test_each_factor_changes_what_it_names_alone():
    white = list(COLORS).index("white")
    covers = {s: (rendered(shape=s, color=white).float() / 255 - 0.5).abs().amax(0) > 0.1 for s in range(len(SHAPES))}
    areas = {SHAPES[s]: float(cover.float().mean()) for s, cover in covers.items()}
    assert areas["square"] > areas["plus"] > areas["rhombus"] / 2
    assert all(0.05 < area < 0.6 for area in areas.values()), areas
    maps = [rendered(shape=0, texture=t, color=white).float() for t in range(len(TEXTURES))]
    for a in range(len(maps)):
        for b in range(a):
            assert float((maps[a] - maps[b]).abs().mean()) > 3, (a, b)
    near = torch.nn.functional.max_pool2d(covers[0][None].float(), 5, stride=1, padding=2)[0] > 0  # with its soft edge
    assert all(set(each[:, ~near].unique().tolist()) == {128.0} for each in maps)
    red = rendered(color=list(COLORS).index("red"))
    assert red[0].max() > 200 and red[1].min() < 80


def test_knobs_end():
    with pytest.raises(ValueError, match=r"texture_correlation is 1.2; it must lie in \[0, 1\]"):
        Trifeature(1.2)
