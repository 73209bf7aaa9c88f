"""Data of known difficulty, and an encoder that has learned one of their tasks."""

import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec
from viewlearn.views import Identity


class Blobs(Data):
    """Dimension 0 holds the task "sign"; "noise" can't be learned; "half" is unlabeled in half of the samples."""

    decode = front_end = Identity()

    def __init__(self, num_train=200, tasks=("sign", "noise", "half")):
        names = {"sign": ("minus", "plus"), "noise": ("a", "b", "c", "d"), "half": ("minus", "plus")}
        self.described = DataSpec((6,), tasks={task: names[task] for task in tasks}, num_train=num_train)
        self.num = {"train": num_train, "validation": 80, "test": 100}

    @property
    def spec(self):
        return self.described

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


@pytest.fixture
def blobs() -> type[Blobs]:
    return Blobs


@pytest.fixture
def picks() -> type[Picks]:
    return Picks
