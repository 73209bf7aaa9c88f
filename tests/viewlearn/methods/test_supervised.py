import pytest
import torch
from torch.nn import functional as F

from viewlearn.data import ArrayDataset, Batch, DataSpec
from viewlearn.methods import Supervised

TASKS = {"sign": ("negative", "positive"), "other": ("a", "b", "c")}


def labeled(toys, step=0):
    batch = toys.batch(step)
    return Batch(batch.x, {"sign": (batch.x[:, 0] > 0).long(), "other": torch.zeros(8, dtype=torch.long)}, batch.index)


def test_loss_is_the_cross_entropy_of_its_task(toys, generator):
    method = Supervised(toys.Linear(), toys.Compose(), "sign", tasks=TASKS)
    batch = labeled(toys)
    loss, metrics = method(batch, generator)
    logits = method.classifier(method.encoder(batch.x))
    assert logits.shape == (8, 2)
    torch.testing.assert_close(loss, F.cross_entropy(logits, batch.labels["sign"]))
    torch.testing.assert_close(metrics["accuracy"], (logits.argmax(1) == batch.labels["sign"]).float().mean())


def test_several_tasks_share_the_encoder_and_the_loss(toys, generator):
    batch = labeled(toys)
    for task in (None, "sign,other"):
        method = Supervised(toys.Linear(), toys.Compose(), task, tasks=TASKS)
        loss, metrics = method(batch, generator)
        logits = method.classifier(method.encoder(batch.x))
        sign, other = logits[:, :2], logits[:, 2:]
        both = F.cross_entropy(sign, batch.labels["sign"]), F.cross_entropy(other, batch.labels["other"])
        torch.testing.assert_close(loss, sum(both) / 2)
        assert set(metrics) == {"accuracy/sign", "accuracy/other"}
    with pytest.raises(ValueError, match="no label of task 'other'"):
        method.check(ArrayDataset(torch.zeros(3, 2), {"sign": [0, 1, 0], "other": [0, -1, -1]}))


def test_learns(toys, generator):
    method = Supervised(toys.Linear(), toys.Compose(), "sign", tasks=TASKS)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.5)
    for step in range(200):
        loss, _ = method(labeled(toys, step), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert method(labeled(toys), generator)[1]["accuracy"].item() == 1


def test_the_only_task_needn_t_be_named_and_comes_from_the_data(toys):
    spec = DataSpec(shape=(3, 8, 8), tasks={"digit": tuple("0123456789")})
    method = Supervised(toys.Linear(), toys.Compose(), tasks=spec.bindings()["tasks"])
    assert method.classifier.out_features == 10


def test_bad_tasks_are_named(toys):
    for task in ("hue", "sign,hue", "", "sign,sign"):
        with pytest.raises(ValueError, match=f"task is {task!r}; the data's tasks are: sign, other"):
            Supervised(toys.Linear(), toys.Compose(), task, tasks=TASKS)
    with pytest.raises(ValueError, match="it has no labels"):
        Supervised(toys.Linear(), toys.Compose(), "sign")
    with pytest.raises(ValueError, match="label_smoothing is 1"):
        Supervised(toys.Linear(), toys.Compose(), "sign", 1, tasks=TASKS)


class Lazy:
    """A data set that isn't in memory, of which the first sample has these labels."""

    def __init__(self, **labels):
        self.labels_of_first = labels

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return torch.zeros(3), self.labels_of_first


def test_unlabeled_samples_are_told_before_training(toys):
    method = Supervised(toys.Linear(), toys.Compose(), "sign", tasks=TASKS)
    method.check(ArrayDataset(torch.zeros(3, 2), {"sign": [0, 1, 0], "other": [-1, -1, -1]}))
    method.check(Lazy(sign=1))
    for dataset, said in (
        (ArrayDataset(torch.zeros(3, 2), {"sign": [0, -1, 0]}), "1 of 3 training samples have no label of task 'sign'"),
        (ArrayDataset(torch.zeros(3, 2)), "3 of 3 training samples"),
        (Lazy(sign=-1), "1 of 1 training samples"),
        (Lazy(), "1 of 1 training samples"),
    ):
        with pytest.raises(ValueError, match=said):
            method.check(dataset)
