import json

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, DataSpec
from viewlearn.evaluation import KNNMonitor, Results, evaluate, reinitialized
from viewlearn.views import Identity


class Blobs:
    """Dimension 0 holds the task "sign"; "noise" can't be learned; "half" is unlabeled in half of the samples."""

    decode = front_end = Identity()

    def __init__(self, num_train=200, tasks=("sign", "noise", "half")):
        names = {"sign": ("minus", "plus"), "noise": ("a", "b", "c", "d"), "half": ("minus", "plus")}
        self.spec = DataSpec((6,), tasks={task: names[task] for task in tasks}, num_train=num_train)
        self.num = {"train": num_train, "validation": 80, "test": 100}

    def split(self, name):
        generator = torch.Generator().manual_seed(list(self.num).index(name))
        x = torch.randn(self.num[name], 6, generator=generator)
        sign = (x[:, 0] > 0).long()
        half = torch.where(torch.arange(len(x)) % 2 == 0, sign, -1)
        noise = torch.randint(4, (len(x),), generator=generator)
        labels = {"sign": sign, "noise": noise, "half": half}
        return ArrayDataset(x, {task: labels[task] for task in self.spec.tasks})


class Picks(nn.Module):
    """An encoder that has learned to keep dimension 0; at its initialization it keeps nothing of it."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(1, 1)
        nn.init.constant_(self.scale.weight, 5.0)
        nn.init.zeros_(self.scale.bias)

    def forward(self, x):
        return torch.cat([self.scale(x[:, :1]) * 3, x[:, 1:]], dim=1)


def test_rows_for_every_task_and_probe():
    results = evaluate(Picks(), Blobs())
    assert [(row.task, row.probe) for row in results.rows] == [
        (task, probe) for task in ("sign", "noise", "half") for probe in ("linear", "knn")
    ]
    assert results.row("sign", "linear").trained.accuracy > 0.95
    assert results.row("sign", "knn").trained.accuracy > 0.9
    assert results.row("noise", "linear").trained.accuracy < 0.45
    assert results.row("noise", "linear").uniform == 0.25
    assert (results.row("half", "knn").trained.num_train, results.row("half", "knn").trained.num_test) == (100, 50)
    assert results.row("sign", "linear").trained.l2 is not None
    assert all(row.random is not None for row in results.rows)
    with pytest.raises(ValueError, match=r"no result digit/knn; there are: sign/linear, sign/knn"):
        results.row("digit", "knn")


def test_majority_is_the_training_splits_most_frequent_class():
    data = Blobs(tasks=("sign",))
    train, test = data.split("train").labels["sign"], data.split("test").labels["sign"]
    row = evaluate(Picks(), data, methods=("knn",), random_encoder=None).rows[0]
    assert row.majority == pytest.approx((test == train.mode().values).float().mean().item())
    assert row.random is None


def test_results_survive_a_round_trip_and_print_aligned(tmp_path):
    results = evaluate(Picks(), Blobs(), tasks=("sign", "noise"))
    (tmp_path / "results.json").write_text(json.dumps(results.to_dict()))
    assert Results.load(tmp_path / "results.json") == results
    lines = str(results).splitlines()
    assert len(lines) == 6
    assert len({len(line) for line in lines}) == 1
    assert f"{100 * results.row('sign', 'knn').trained.accuracy:.1f} [" in str(results)


def test_layers_are_probed_one_by_one(tmp_path):
    class Heads(Picks):
        def features(self, x):
            return {"V": self(x), "Z_sign": x[:, :1], "Z_rest": x[:, 1:]}

    results = evaluate(Heads(), Blobs(tasks=("sign",)), methods=("linear",), layers=("Z_sign", "Z_rest", "Z_*", "V"))
    accuracy = {row.layer: row.trained.accuracy for row in results.rows}
    assert min(accuracy["Z_sign"], accuracy["Z_*"], accuracy["V"]) > 0.9
    assert accuracy["Z_rest"] < 0.7
    assert results.info["num_features"] == {"Z_sign": 1, "Z_rest": 5, "Z_*": 6, "V": 6}
    assert results.row("sign", "linear", "Z_rest").trained.accuracy == accuracy["Z_rest"]
    assert "Z_rest" in str(results)
    (tmp_path / "results.json").write_text(json.dumps(results.to_dict()))
    assert Results.load(tmp_path / "results.json") == results
    with pytest.raises(ValueError, match="no layer 'Z_color'"):
        evaluate(Heads(), Blobs(), layers=("Z_color",))


class WithoutValidation(Blobs):
    def split(self, name):
        if name == "validation":
            raise ValueError("no split 'validation'")
        return super().split(name)


@pytest.mark.filterwarnings("ignore:no validation split")
def test_without_a_validation_split_part_of_train_takes_its_place():
    data = WithoutValidation(tasks=("sign",))
    assert evaluate(Picks(), data).row("sign", "linear").trained.num_train == 200
    monitor = KNNMonitor(data, num_train=500, num_test=50)
    assert (len(monitor.train), len(monitor.test)) == (150, 50)
    held = {tuple(x.tolist()) for x in monitor.test.x}
    assert not held & {tuple(x.tolist()) for x in monitor.train.x}


def test_a_missing_validation_split_is_said():
    with pytest.warns(UserWarning, match="a part of train takes its place: no split 'validation'"):
        KNNMonitor(WithoutValidation())


def test_an_unreadable_test_split_is_an_error_with_its_reason():
    class Unreadable(Blobs):
        def split(self, name):
            if name == "test":
                raise ValueError("can't read the image 'a.jpg'")
            return super().split(name)

    with pytest.raises(ValueError, match=r"can't read the image 'a\.jpg'"):
        evaluate(Picks(), Unreadable())


def test_unlabeled_data_is_not_even_read():
    class Unreadable(Blobs):
        def split(self, name):
            raise AssertionError

    assert evaluate(Picks(), Unreadable(tasks=())).rows == ()
    assert KNNMonitor(Unreadable(tasks=()))(Picks()) == {}


def test_without_labels_there_is_nothing_to_evaluate():
    results = evaluate(Picks(), Blobs(tasks=()))
    assert results.rows == ()
    assert "no labels" in str(results)


def test_unknown_names_are_errors():
    with pytest.raises(ValueError, match="no task 'digit' in this data; there are: sign, noise, half"):
        evaluate(Picks(), Blobs(), tasks=("digit",))
    with pytest.raises(ValueError, match="no probe 'svm'"):
        evaluate(Picks(), Blobs(), methods=("svm",))


def test_a_diverged_encoder_is_an_error():
    encoder = Picks()
    nn.init.constant_(encoder.scale.weight, torch.inf)
    with pytest.raises(ValueError, match="the encoder has diverged"):
        evaluate(encoder, Blobs())


def test_reinitialized_draws_every_parameter_afresh_and_leaves_global_numbers_alone():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    module[1].running_mean.fill_(3)
    state = torch.get_rng_state()
    fresh = reinitialized(module, seed=1)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(fresh[0].weight, module[0].weight)
    assert (fresh[1].running_mean == 0).all()
    assert torch.equal(reinitialized(module, seed=1)[0].weight, fresh[0].weight)
    module.register_parameter("token", nn.Parameter(torch.zeros(2)))
    with pytest.raises(ValueError, match="owns token but has no reset_parameters"):
        reinitialized(module)


def test_monitor_is_repeatable_and_leaves_the_encoder_alone():
    encoder = Picks().train()
    monitor = KNNMonitor(Blobs(), num_train=150, num_test=60)
    state = torch.get_rng_state()
    accuracies = monitor(encoder)
    assert torch.equal(state, torch.get_rng_state())
    assert list(accuracies) == ["knn/sign", "knn/noise", "knn/half"]
    assert accuracies["knn/sign"] > 0.85
    assert monitor(encoder) == accuracies
    assert encoder.training
    assert KNNMonitor(Blobs(), num_train=150, num_test=60)(encoder) == accuracies
    assert KNNMonitor(Blobs(tasks=()))(encoder) == {}
    assert len(monitor.train) == 150


def test_monitor_reads_data_that_is_not_in_memory():
    class Lazy(Blobs):
        def split(self, name):
            held = super().split(name)
            samples = [(x, {task: int(y[i]) for task, y in held.labels.items()}) for i, x in enumerate(held.x)]
            return samples

    assert KNNMonitor(Lazy(), num_train=50)(Picks()) == KNNMonitor(Blobs(), num_train=50)(Picks())
