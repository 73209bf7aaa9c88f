"""Data of which some samples are unlabeled (−1), through everything that reads labels."""

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec, check_data, in_memory, make_loader
from viewlearn.evaluation import EvaluationPlan, evaluate
from viewlearn.evaluation.probes import KNNMonitor, extract_features

TASKS = {"sign": ("minus", "plus"), "none": ("a", "b")}


class Lazy:
    """The samples of an ArrayDataset, one at a time."""

    def __init__(self, dataset: ArrayDataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return self.dataset[index]


class PartlyLabeled(Data):
    """The sign of the first dimension, known of two in three samples; of "none" no label is known."""

    def __init__(self, lazy: bool):
        self.lazy = lazy

    @property
    def spec(self):
        return DataSpec((4,), TASKS, num_train=90)

    def split(self, name):
        x = torch.randn(90, 4, generator=torch.Generator().manual_seed(len(name)))
        sign = (x[:, 0] > 0).long().where(torch.arange(90) % 3 > 0, -1)
        dataset = ArrayDataset(x, {"sign": sign, "none": torch.full((90,), -1)}, TASKS)
        return Lazy(dataset) if self.lazy else dataset


@pytest.fixture(params=[False, True], ids=["in memory", "lazy"])
def data(request) -> PartlyLabeled:
    return PartlyLabeled(request.param)


def test_checks_let_them_pass(data):
    check_data(data)


def test_loaders_and_features_keep_the_labels_as_they_are(data):
    expected = in_memory(data.split("train")).labels
    batches = list(make_loader(data.split("train"), 32, shuffle=False, drop_last=False, num_workers=0).epoch())
    features = extract_features(nn.Identity(), data.split("train"))
    for task in TASKS:
        assert torch.equal(torch.cat([batch.labels[task] for batch in batches]), expected[task])
        assert torch.equal(features.labels[task], expected[task])


def test_probes_leave_them_out(data):
    results = evaluate(nn.Identity(), data, EvaluationPlan(("sign",), k=5))
    assert {(row.task, row.trained.num_train, row.trained.num_test) for row in results.rows} == {("sign", 60, 60)}
    assert results.row("sign", "linear").trained.accuracy > 0.9


def test_the_monitor_leaves_out_them_and_tasks_that_nothing_is_labeled_for(data):
    assert KNNMonitor(data, k=5)(nn.Identity()).keys() == {"knn/sign", "linear/sign"}
