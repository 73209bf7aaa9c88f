"""kNN while training: fixed subsets, an encoder that is left alone."""

import pytest
import torch

from viewlearn.data import NoSplit
from viewlearn.evaluation.probes import KNNMonitor
from viewlearn.evaluation.probes.monitor import ridge_accuracy


@pytest.fixture
def without_validation(blobs):
    class WithoutValidation(blobs):
        def split(self, name):
            if name == "validation":
                raise NoSplit("no split 'validation'")
            return super().split(name)

    return WithoutValidation


@pytest.mark.filterwarnings("ignore:no validation split")
def test_without_a_validation_split_part_of_train_takes_its_place(without_validation):
    monitor = KNNMonitor(without_validation(tasks=("sign",)), num_train=500, num_test=50)
    assert (len(monitor.train), len(monitor.test)) == (150, 50)
    held_out = {tuple(x.tolist()) for x in monitor.test.x}
    assert not held_out & {tuple(x.tolist()) for x in monitor.train.x}


def test_a_missing_validation_split_is_said(without_validation):
    with pytest.warns(UserWarning, match="a part of train takes its place: no split 'validation'"):
        KNNMonitor(without_validation())


def test_unlabeled_data_is_not_even_read(blobs, picks):
    class Unreadable(blobs):
        def split(self, name):
            raise AssertionError

    assert KNNMonitor(Unreadable(tasks=()))(picks()) == {}


def test_monitor_is_repeatable_and_leaves_the_encoder_alone(blobs, picks):
    encoder = picks().train()
    monitor = KNNMonitor(blobs(), num_train=150, num_test=60)
    state = torch.get_rng_state()
    accuracies = monitor(encoder)
    assert torch.equal(state, torch.get_rng_state())
    assert list(accuracies) == [f"{kind}/{task}" for task in ("sign", "noise", "half") for kind in ("knn", "linear")]
    assert accuracies["knn/sign"] > 0.85 and accuracies["linear/sign"] > 0.85
    assert monitor(encoder) == accuracies
    assert encoder.training
    assert KNNMonitor(blobs(), num_train=150, num_test=60)(encoder) == accuracies
    assert KNNMonitor(blobs(tasks=()))(encoder) == {}
    assert len(monitor.train) == 150


def test_monitor_reads_data_that_is_not_in_memory(blobs, picks):
    class Lazy(blobs):
        def split(self, name):
            held = super().split(name)
            return [(x, {task: int(y[i]) for task, y in held.labels.items()}) for i, x in enumerate(held.x)]

    assert KNNMonitor(Lazy(), num_train=50)(picks()) == KNNMonitor(blobs(), num_train=50)(picks())


def test_the_linear_map_is_that_of_ridge_regression():
    from sklearn.linear_model import Ridge

    generator = torch.Generator().manual_seed(0)
    x, other = (torch.randn(60, 5, generator=generator, dtype=torch.float64) * 3 + 1 for _ in range(2))
    y, labels = (torch.randint(0, 3, (60,), generator=generator) for _ in range(2))
    y[x[:, 0] > 2] = 2
    y[:4] = -1
    known = y >= 0
    mean, std = x[known].mean(0), x[known].std(0, correction=0)
    ridge = Ridge(alpha=0.01 * int(known.sum())).fit((x[known] - mean) / std, torch.eye(3)[y[known]])
    expected = (torch.from_numpy(ridge.predict((other - mean) / std)).argmax(1) == labels).double().mean()
    assert ridge_accuracy(x, y, other, labels) == pytest.approx(expected.item())
