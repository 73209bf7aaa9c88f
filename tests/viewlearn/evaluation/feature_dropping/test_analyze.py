"""On data whose labels stand in the pixels, so that a judge without training knows them exactly."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec
from viewlearn.evaluation.feature_dropping import FeatureDropping, Judge, JudgeSettings, analyze, fit_judge, fit_judges
from viewlearn.evaluation.score import Score
from viewlearn.views import Identity, View, draw, pipeline

CLASSES = 4
TASKS = {"left": tuple("abcd"), "right": tuple("efgh"), "unlabeled": ("x", "y")}


class Written(Data):
    """Images 8×16 whose halves are as bright as the labels ``left`` and ``right`` say."""

    def __init__(self, num_samples: int = 400):
        generator = torch.Generator().manual_seed(1)
        labels = torch.randint(CLASSES, (num_samples, 2), generator=generator)
        x = torch.zeros(num_samples, 1, 8, 16, dtype=torch.uint8)
        x[..., :8] = (labels[:, 0] * 60)[:, None, None, None]
        x[..., 8:] = (labels[:, 1] * 60)[:, None, None, None]
        self.dataset = ArrayDataset(x, {"left": labels[:, 0], "right": labels[:, 1]})

    @property
    def spec(self):
        return DataSpec((1, 8, 16), TASKS, (0.35,), (0.27,), num_train=len(self.dataset))

    def split(self, name):
        return self.dataset


class Redraw(View):
    """Redraws the halves; with ``exclusive`` one of them at a time."""

    def __init__(self, left: float, right: float, exclusive: bool = False):
        super().__init__()
        self.left, self.right, self.exclusive = left, right, exclusive

    def sample(self, x, generator=None):
        u = draw.uniform(x, 0, 1, generator, 2)
        right = (1 - u[:, 0] if self.exclusive else u[:, 1]) < self.right
        return {"hit": torch.stack([u[:, 0] < self.left, right], 1), "y": draw.integers(x, 0, CLASSES, generator, 2)}

    def transform(self, x, params):
        new = (params["y"] * 60 / 255)[:, None, None, :].repeat_interleave(8, 3)
        hit = params["hit"][:, None, None, :].repeat_interleave(8, 3)
        return torch.where(hit, new, x)


class Reader(nn.Module):
    def __init__(self, start: int):
        super().__init__()
        self.start = start

    def forward(self, x):
        level = x[:, :, :, self.start : self.start + 8].mean((1, 2, 3)) * 255 / 60
        return -100 * (level[:, None] - torch.arange(CLASSES)).abs()


@pytest.fixture(scope="module")
def judges():
    return {task: Judge(Reader(start), task, Score.of(torch.ones(9), 9)) for task, start in (("left", 0), ("right", 8))}


@pytest.fixture(scope="module")
def found(judges) -> FeatureDropping:
    data = Written()
    views = {"none": Identity(), "some": Redraw(0.4, 0.2), "apart": Redraw(0.4, 0.4, exclusive=True)}
    pipelines = {name: pipeline(data.decode, data.front_end, view) for name, view in views.items()}
    return analyze(data, pipelines, judges, num_samples=300, num_draws=6)


def test_rates_of_known_redraws_are_recovered(found):
    tasks = found.views["some"].tasks
    assert tasks["left"].dropout == pytest.approx(0.4, abs=0.04)
    assert tasks["right"].dropout == pytest.approx(0.2, abs=0.04)
    assert tasks["left"].disagreement == pytest.approx(1 - 0.6**2, abs=0.05)
    assert tasks["left"].destruction.stochastic == pytest.approx(1, abs=0.08)
    assert sum(tasks["left"].histogram) == pytest.approx(1)
    assert tasks["left"].histogram[0] == pytest.approx(tasks["left"].destruction.rate)
    assert tasks["left"].clean_histogram[-1] == pytest.approx(1)


def test_no_views_destroy_nothing(found):
    none = found.views["none"]
    assert none.tasks["left"].destruction.rate == 0
    assert none.action.mean == 0
    assert none.pairs["left & right"]["samples"].verdict == "independent"


def test_pairs(found):
    assert found.views["some"].pairs["left & right"]["draws"].verdict == "independent"
    for kind in ("samples", "draws"):
        assert found.views["apart"].pairs["left & right"][kind].verdict == "exclusive"


def test_json_and_table(found, tmp_path):
    path = found.save(tmp_path / "found.json")
    again = FeatureDropping.load(path)
    assert str(again) == str(found)
    torch.testing.assert_close(again.views["some"].action.magnitude, found.views["some"].action.magnitude)
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(ValueError, match="newer version"):
        FeatureDropping.load(path)
    path.write_text('{"views": {}}')
    with pytest.raises(ValueError, match="no feature-dropping analysis"):
        FeatureDropping.load(path)


def test_tasks_without_labels_are_a_gap():
    judges, gaps = fit_judges(Written(40), ["unlabeled"])
    assert not judges
    assert "no labels in train" in gaps["unlabeled"]


def test_a_judge_learns_clean_data():
    small = JudgeSettings("resnet10w4", steps=4, batch_size=32)
    judge = fit_judge(Written(), "left", replace(small, steps=48, learning_rate=0.01))
    assert judge.score.accuracy > 0.9
    assert (judge.score.num_train, judge.score.num_test) == (400, 400)
    again = fit_judge(Written(), "left", small)
    same = fit_judge(Written(), "left", small)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), same.parameters(), strict=True))


def test_bad_input(judges):
    with pytest.raises(ValueError, match="no task 'middle'"):
        fit_judge(Written(40), "middle")
    with pytest.raises(ValueError, match="0 views"):
        analyze(Written(40), {}, judges)
