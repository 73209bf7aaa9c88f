"""What learned views cost: operations of a step at 32 pixels, in units of the same step with designed views."""

import pytest
import torch
from accelerate import Accelerator

from viewlearn.data import Batch
from viewlearn.encoders import WhitenedConvNet
from viewlearn.methods import SimCLR
from viewlearn.training.compute import step_flops
from viewlearn.views import Compose, Identity, LearnedFilter, LearnedMask, LearnedWarp, Tilted, pipeline
from viewlearn.views.decode import ToFloat
from vision import SimCLRViews

LEARNED = {
    "mask": lambda: LearnedMask(channels=3),
    "filter": lambda: LearnedFilter(channels=3),
    "warp": lambda: LearnedWarp(channels=3),
}


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def flops(**entries) -> int:
    torch.manual_seed(0)
    encoder = WhitenedConvNet(channels=3, size=(32, 32))
    method = SimCLR(encoder, pipeline(ToFloat(), Identity(), Compose(entries)), dim=64)
    batch = Batch(torch.zeros(8, 3, 32, 32, dtype=torch.uint8), {}, torch.arange(8))
    generator = torch.Generator().manual_seed(0)
    return step_flops(method.train(), [batch], generator, Accelerator(cpu=True), sgd, sgd, "simultaneous")


@pytest.mark.parametrize("name", LEARNED)
def test_a_learned_view_costs_at_most_two_fifths_of_a_step(name):
    assert flops(designed=SimCLRViews(32), learned=LEARNED[name]()) <= 1.4 * flops(designed=SimCLRViews(32))


def test_a_network_s_draws_cost_at_most_a_quarter_of_a_step():
    tilted = Tilted(SimCLRViews(32), play="network", channels=3, size=(32, 32))
    assert flops(tilted=tilted) <= 1.25 * flops(designed=SimCLRViews(32))


def test_a_choice_among_four_costs_at_most_four_fifths():
    assert flops(tilted=Tilted(SimCLRViews(32))) <= 1.8 * flops(designed=SimCLRViews(32))
