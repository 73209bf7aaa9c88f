import torch

from viewlearn.evaluation.probes import ParameterClasses
from viewlearn.views import View, draw


class Turn(View):
    def sample(self, x, generator=None):
        return {"turns": draw.integers(x, 0, 3, generator)}

    def transform(self, x, params):
        return x


def test_the_only_parameter_need_not_be_named():
    fitted = ParameterClasses(Turn(), num_classes=7).fit(torch.zeros(2, 1), torch.Generator().manual_seed(0))
    assert (fitted.leaf, fitted.num_classes) == ("turns", 3)
    params, label = fitted.sample(torch.zeros(50, 1), torch.Generator().manual_seed(1))
    assert torch.equal(params["turns"], label)
