import math

import pytest
import torch

from viewlearn.data import ArrayDataset
from viewlearn.evaluation.probes import Layered, shared_factor_accuracy
from viewlearn.views import Compose, View, Viewmaker, draw


class Write(View):
    """Overwrites one dimension with a real number, or with one of four."""

    def __init__(self, dimension, discrete=False):
        super().__init__()
        self.dimension, self.discrete = dimension, discrete

    def sample(self, x, generator=None):
        if self.discrete:
            return {"value": draw.integers(x, 0, 4, generator)}
        return {"value": draw.uniform(x, 0.0, 4.0, generator)}

    def transform(self, x, params):
        return torch.cat([x[:, : self.dimension], params["value"][:, None].float(), x[:, self.dimension + 1 :]], dim=1)


class Angles(Layered):
    """A space for each dimension, in which it alone is the direction; and one in which nothing of them is."""

    def features(self, x):
        angles = x * math.pi / 4.5
        circles = torch.stack([angles.cos(), angles.sin()], dim=-1)
        return {"Z_a": circles[:, 0], "Z_b": circles[:, 1], "Z_all": circles[:, 2] + 1e-3 * x[:, 3:]}


@pytest.mark.parametrize("discrete", [False, True])
def test_a_space_that_keeps_one_factor_alone(discrete):
    generator = torch.Generator().manual_seed(1)
    data = ArrayDataset(torch.randn(2000, 4, generator=generator))
    views = Compose(a=Write(0, discrete), b=Write(1, discrete), other=Write(3))
    scores = shared_factor_accuracy(Angles(), views, data, "a,b")
    assert scores.keys() == {(layer, factor) for layer in ("Z_a", "Z_b", "Z_all") for factor in "ab"}
    assert min(scores["Z_a", "a"].accuracy, scores["Z_b", "b"].accuracy) > 0.998  # but for draws that are nearly equal
    for layer, factor in (("Z_a", "b"), ("Z_b", "a"), ("Z_all", "a"), ("Z_all", "b")):
        # Four standard deviations: among turns to either side, which are as far, rounding decides on each machine.
        assert scores[layer, factor].accuracy == pytest.approx(0.5, abs=0.045)
        assert scores[layer, factor].low < scores[layer, factor].accuracy < scores[layer, factor].high
    assert scores["Z_a", "a"].num_test == 2000


def test_equal_distances_count_half():
    class Constant(Layered):
        def features(self, x):
            return {"Z": torch.ones(len(x), 3)}

    data = ArrayDataset(torch.zeros(50, 4))
    assert shared_factor_accuracy(Constant(), Compose(a=Write(0)), data, ["a"])["Z", "a"].accuracy == 0.5


def test_a_learned_view_is_a_factor():
    class Difference(Layered):
        """Keeps what the Viewmaker added to gray images."""

        def features(self, x):
            return {"noise": (x - 0.5).flatten(1)}

    data = ArrayDataset(torch.full((40, 3, 8, 8), 128, dtype=torch.uint8))
    views = Compose(decode=Scale(), viewmaker=Viewmaker(budget=0.1, width=4, channels=3))
    assert shared_factor_accuracy(Difference(), views, data, "viewmaker")["noise", "viewmaker"].accuracy == 1


class Scale(View):
    def sample(self, x, generator=None):
        return {}

    def transform(self, x, params):
        return x.float() / 255


def test_what_is_not_there_is_named():
    data = ArrayDataset(torch.zeros(4, 4))
    with pytest.raises(ValueError, match="no entry 'c' in the views; there are: a"):
        shared_factor_accuracy(Angles(), Compose(a=Write(0)), data, "c")
    with pytest.raises(ValueError, match="no layer 'Z_c' among the features; there are: Z_a, Z_b, Z_all"):
        shared_factor_accuracy(Angles(), Compose(a=Write(0)), data, "a", layers=["Z_c"])
