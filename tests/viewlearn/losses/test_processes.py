"""Two processes with different data train as one with both: gradients of weights, not only losses, are equal."""

import functools

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from viewlearn.losses import nt_xent, spectral, viewmaker_nt_xent

LOSSES = {
    "nt_xent": functools.partial(nt_xent, temperature=0.2),
    "viewmaker_nt_xent": functools.partial(viewmaker_nt_xent, temperature=0.2),
    "spectral": spectral,
}


def data():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(2, 10, 6, generator=generator, dtype=torch.float64)


def model():
    weight = torch.randn(3, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    linear = nn.Linear(6, 3, bias=False, dtype=torch.float64)
    linear.weight = nn.Parameter(weight)
    return linear


def train(rank, size):
    """Each process sees its own five samples; DistributedDataParallel averages the gradients."""
    results = {}
    for name, loss in LOSSES.items():
        encoder = DistributedDataParallel(model())
        x1, x2 = data()[:, 5 * rank : 5 * rank + 5]
        z1, z2 = encoder(torch.cat([x1, x2])).chunk(2)
        value = loss(z1, z2, across_processes=True)
        value.backward()
        dist.all_reduce(value.detach_())
        results[name] = [value / size, encoder.module.weight.grad]
    return results


def test_two_processes_equal_one(in_processes):
    for result in in_processes(train, 2):
        for name, loss in LOSSES.items():
            encoder = model()
            x1, x2 = data()
            value = loss(encoder(x1), encoder(x2))
            value.backward()
            torch.testing.assert_close(result[name][0], value.detach())
            torch.testing.assert_close(result[name][1], encoder.weight.grad)


@pytest.mark.parametrize("name", LOSSES)
def test_across_one_process_changes_nothing(name):
    x1, x2 = data()
    assert torch.equal(LOSSES[name](x1, x2, across_processes=True), LOSSES[name](x1, x2))
