"""R² of views' descriptors: what a layer keeps, what it has forgotten, and the null."""

import pytest
import torch

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.probes import Layered
from viewlearn.evaluation.probes.described import described_variance, r_squared
from viewlearn.views import Compose, View, draw


class Add(View):
    """Adds a number to one of the values; a second number does nothing."""

    def __init__(self, place: int):
        super().__init__()
        self.place = place

    def sample(self, x, generator=None):
        return {"by": draw.uniform(x, -1.0, 1.0, generator), "idle": draw.uniform(x, 0.0, 1.0, generator)}

    def transform(self, x, params):
        return torch.cat(
            [x[:, : self.place], x[:, self.place, None] + params["by"][:, None], x[:, self.place + 1 :]], 1
        )


class Parts(Layered):
    """All values, or the first alone."""

    def features(self, x):
        return {"all": x, "first": x[:, :1]}

    def forward(self, x):
        return x


def samples(num, seed):
    return ArrayDataset(torch.randn(num, 3, generator=torch.Generator().manual_seed(seed)), {})


def test_a_layer_explains_what_it_sees():
    views = Compose(first=Add(0), second=Add(1))
    found = described_variance(Parts(), views, samples(600, 0), samples(300, 1), input_shape=(3,), ridge=1e-8)
    assert found.keys() == {(layer, factor) for layer in ("all", "first") for factor in ("first", "second")}
    for layer, factor in (("all", "first"), ("all", "second"), ("first", "first")):
        by, idle = found[layer, factor].each
        assert by == pytest.approx(1, abs=1e-4)
        assert abs(idle) < 0.1
        assert found[layer, factor].r2 == pytest.approx((by + idle) / 2)
        assert abs(found[layer, factor].null) < 0.1
    assert abs(found["first", "second"].r2) < 0.1


def test_r_squared_is_that_of_ridge_regression():
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score

    generator = torch.Generator().manual_seed(0)
    x, other = (3 * torch.randn(50, 4, generator=generator, dtype=torch.float64) + 1 for _ in range(2))
    y, labels = (each[:, :2] @ torch.tensor([[1.0, 2.0], [0.5, -1.0]]).double() for each in (x, other))
    y, labels = y + torch.randn(50, 2, generator=generator), labels + torch.randn(50, 2, generator=generator)
    mean, std = x.mean(0), x.std(0, correction=0)
    ridge = Ridge(alpha=0.3 * 50).fit(((x - mean) / std).numpy(), y.numpy())
    expected = r2_score(labels.numpy(), ridge.predict(((other - mean) / std).numpy()), multioutput="raw_values")
    assert r_squared(x, y, other, labels, 0.3)[0].tolist() == pytest.approx(list(expected))
    constant = torch.cat([y[:, :1], torch.ones(50, 1)], dim=1)
    assert r_squared(x, constant, other, constant, 0.3)[0].isnan().tolist() == [False, True]
