import pytest
import torch
from torch import nn

from viewlearn.evaluation import reinitialized


def test_it_draws_every_parameter_afresh_and_leaves_global_numbers_alone():
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
