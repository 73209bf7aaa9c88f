import torch
from torch import nn

from viewlearn.evaluation import Factor, LayeredEncoder
from viewlearn.views import View, draw


class Branches(nn.Module):
    def __init__(self, num_branches):
        super().__init__()
        self.branches = nn.ModuleList(nn.Identity() for _ in range(num_branches))

    def forward(self, x):
        return torch.cat([x, 2 * x], dim=1)


def test_each_layer_is_named_and_there():
    for num_branches, names in ((2, ["V", "V_all", "V_color+gray"]), (0, ["V"])):
        encoder = LayeredEncoder(Branches(num_branches), [nn.Identity(), nn.Identity()], ["all", "color+gray"])
        names = [*names, "Z_all", "Z_color+gray"]
        assert encoder.names == names == list(encoder.features(torch.ones(3, 4)))
        assert encoder.each == [*names, "Z_*"]
    assert LayeredEncoder(Branches(0), [nn.Identity()], ["0"]).each == ["V", "Z_0"]
    assert LayeredEncoder(Branches(0)).each == ["V"]


class Turn(View):
    def sample(self, x, generator=None):
        return {"turns": draw.integers(x, 0, 3, generator)}

    def transform(self, x, params):
        return x


def test_the_only_parameter_need_not_be_named():
    factor = Factor(Turn(), num_classes=7)
    factor.fit(torch.zeros(2, 1), torch.Generator().manual_seed(0))
    assert (factor.leaf, factor.num_classes) == ("turns", 3)
    params, label = factor.sample(torch.zeros(50, 1), torch.Generator().manual_seed(1))
    assert torch.equal(params["turns"], label)
