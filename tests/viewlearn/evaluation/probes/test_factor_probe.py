import pytest
import torch
from torch import nn

from viewlearn.data import ArrayDataset, Data, DataSpec, NoSplit
from viewlearn.evaluation.probes import ParameterClasses, factor_probe
from viewlearn.views import Identity, RandomApply, View, draw


class Shift(View):
    """Adds a real amount to dimension 0 (seen by the probe) and an integer one to dimension 1, noise to the rest."""

    def sample(self, x, generator=None):
        return {
            "amount": draw.uniform(x, -1, 1, generator),
            "turns": draw.integers(x, 0, 3, generator),
            "inner": {"noise": draw.normal(x, generator, 4)},
            "always": draw.integers(x, 7, 8, generator),
        }

    def transform(self, x, params):
        parts = [params["amount"][:, None], params["turns"][:, None].float(), params["inner"]["noise"]]
        return x + torch.cat(parts, dim=1)


class Noise(Data):
    decode = front_end = Identity()
    spec = DataSpec((6,))

    def __init__(self, **sizes):
        self.sizes = sizes or {"train": 400, "validation": 100, "test": 200}

    def split(self, name):
        if name not in self.sizes:
            raise NoSplit(name)
        generator = torch.Generator().manual_seed(len(name))
        return ArrayDataset(0.01 * torch.randn(self.sizes[name], 6, generator=generator))


class Keep(nn.Module):
    """An encoder that keeps some dimensions."""

    def __init__(self, *dimensions):
        super().__init__()
        self.dimensions = dimensions

    def forward(self, x):
        return x[:, self.dimensions]


@pytest.mark.parametrize(
    ("leaf", "seen", "unseen", "num_classes"),
    [("amount", (0,), (1, 2), 4), ("turns", (1,), (0, 2), 3), ("inner.noise", (2, 3, 4, 5), (0, 1), 4)],
)
def test_a_factor_is_predicted_where_it_is_kept(leaf, seen, unseen, num_classes):
    (row,) = factor_probe(Keep(*seen), Noise(), ParameterClasses(Shift(), leaf), random_encoder=Keep(*unseen), l2=1e-4)
    assert row.trained.accuracy > 0.85
    assert row.random.accuracy < 1.5 / num_classes
    assert row.uniform == pytest.approx(1 / num_classes)
    assert (row.task, row.probe, row.trained.num_train, row.trained.num_test) == (f"shift.{leaf}", "factor", 400, 200)


def test_several_parameters_together_and_a_random_apply():
    (row,) = factor_probe(
        Keep(0, 1, 2, 3), Noise(), ParameterClasses(RandomApply(Shift(), 0.1), num_classes=5), name="shift", l2=1e-4
    )
    assert row.trained.accuracy > 0.95
    assert (row.task, row.uniform) == ("shift", 0.2)


@pytest.mark.filterwarnings("ignore:no validation split")
def test_without_a_validation_split_a_part_of_train_chooses():
    (row,) = factor_probe(Keep(0), Noise(train=300, test=100), ParameterClasses(Shift(), "amount"))
    assert row.trained.accuracy > 0.8


def test_bins_are_equally_frequent_and_the_draws_repeatable():
    factor = ParameterClasses(Shift(), "amount", 4)
    x = torch.zeros(1000, 6)
    fitted = factor.fit(x[:2], torch.Generator().manual_seed(0))
    params, label = fitted.sample(x, torch.Generator().manual_seed(1))
    assert label.bincount(minlength=4).min() > 200
    torch.testing.assert_close(fitted.edges, torch.tensor([-0.5, 0.0, 0.5]), atol=0.05, rtol=0)
    assert (label == torch.bucketize(params["amount"], fitted.edges)).all()
    first = factor_probe(Keep(0), Noise(), factor, seed=1)
    assert factor_probe(Keep(0), Noise(), factor, seed=1) == first


def test_the_view_acts_at_its_stage():
    class Double(View):
        def sample(self, x, generator=None):
            return {}

        def transform(self, x, params):
            return 2 * x

    class Natural(Shift):
        stage = "natural"

        def transform(self, x, params):
            assert x.abs().max() < 0.1
            return super().transform(x, params)

    class Doubled(Noise):
        front_end = Double()

    class Recorder(Keep):
        def forward(self, x):
            self.largest = x[:, 0].abs().max().item()
            return super().forward(x)

    for view, largest in ((Shift(), 1.0), (Natural(), 2.0)):
        encoder = Recorder(0)
        factor_probe(encoder, Doubled(), ParameterClasses(view, "amount"))
        assert encoder.largest == pytest.approx(largest, abs=0.15)


def test_bad_input_is_named():
    with pytest.raises(
        ValueError, match=r"no parameter 'hue' in this view; there are: amount, turns, inner\.noise, always"
    ):
        factor_probe(Keep(0), Noise(), ParameterClasses(Shift(), "hue"))
    with pytest.raises(ValueError, match="no parameter 'inner' in this view"):
        factor_probe(Keep(0), Noise(), ParameterClasses(Shift(), "inner"))
    with pytest.raises(ValueError, match="always has the same value, 7"):
        factor_probe(Keep(0), Noise(), ParameterClasses(Shift(), "always"))
    with pytest.raises(ValueError, match="num_classes is 1"):
        ParameterClasses(Shift(), num_classes=1)
