"""Small stand-ins: vectors as data, a linear encoder without BatchNorm, views that shift and roll."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.views import Compose, LearnedView, View, draw


class Linear(Encoder):
    """Vectors of 6 to 5 features."""

    def __init__(self, norm: bool = False):
        super().__init__()
        self.num_features = 5
        self.layer = nn.Linear(6, 5)
        self.norm = nn.BatchNorm1d(5) if norm else nn.Identity()

    def forward(self, x):
        return self.norm(self.layer(x)).tanh()


class Shift(View):
    """Adds a number per sample."""

    def __init__(self, strength: float = 1.0):
        super().__init__()
        self.strength = strength

    def sample(self, x, generator=None):
        return {"shift": draw.uniform(x, 0.0, self.strength, generator)}

    def transform(self, x, params):
        return x + params["shift"].unsqueeze(1)


class Roll(View):
    """Rolls vectors by 0, 1 or 2 places."""

    def sample(self, x, generator=None):
        return {"places": draw.integers(x, 0, 3, generator)}

    def transform(self, x, params):
        return x.gather(1, (torch.arange(x.shape[1]) + params["places"].unsqueeze(1)) % x.shape[1])


class Push(LearnedView):
    """Adds noise with a learned scale, which its penalty wants to be small."""

    weight_of_penalty = None

    def __init__(self, budget=1.0):
        super().__init__(budget, usual=1.0)
        self.scale = nn.Parameter(torch.full((6,), 0.3))

    def sample(self, x, generator=None):
        return {"noise": draw.normal(x, generator, 6)}

    def resolve(self, x, params):
        return {"delta": self.scale * params["noise"]}

    def act(self, x, resolved):
        return x + resolved["delta"]

    def measure(self, decision):
        return {"largest": (decision.view - decision.x).abs().max()}

    def penalty(self, decisions):
        if self.weight_of_penalty is None:
            return None
        return self.weight_of_penalty * len(decisions) * self.scale.square().sum()


DATA = torch.randn(80, 6, generator=torch.Generator().manual_seed(0))


def batch(step: int = 0, size: int = 8) -> Batch:
    """The next samples of the data set, round and round."""
    index = (step * size + torch.arange(size)) % len(DATA)
    return Batch(DATA[index], {}, index)


def steps(method, generator, num: int, lr: float = 0.1) -> list[float]:
    """``num`` steps of plain SGD on the learner; the losses."""
    parameters = [p for p in method.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for step in range(num):
        loss, _ = method(batch(step), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        method.update()
        losses.append(loss.item())
    return losses


@pytest.fixture
def toys() -> SimpleNamespace:
    views = Compose(shift=Shift(), roll=Roll())
    return SimpleNamespace(
        Linear=Linear, Shift=Shift, Roll=Roll, Push=Push, Compose=Compose, batch=batch, steps=steps, views=views
    )


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)
