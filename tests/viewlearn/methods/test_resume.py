"""Queues, banks and momentum weights are in the state dict: a restored method goes on bit for bit."""

import pytest
import torch

from viewlearn.methods import InstDisc, LooC, MoCo
from viewlearn.views import Compose, Tilted


def tilted(toys):
    return Compose(shift=Tilted(toys.Shift(), 0.3), roll=toys.Roll())


MAKE = {
    "moco": lambda toys: MoCo(toys.Linear(norm=True), toys.views, queue=20),
    "looc": lambda toys: LooC(toys.Linear(norm=True), toys.views, "shift,roll", queue=20),
    "looc-batch": lambda toys: LooC(toys.Linear(norm=True), toys.views, "shift", "batch"),
    "instdisc": lambda toys: InstDisc(toys.Linear(norm=True), toys.views, num_negatives=6, num_train=80),
    "moco-tilted": lambda toys: MoCo(toys.Linear(norm=True), tilted(toys), queue=20),
    "looc-tilted": lambda toys: LooC(toys.Linear(norm=True), tilted(toys), "shift,roll", queue=20),
    "instdisc-tilted": lambda toys: InstDisc(toys.Linear(norm=True), tilted(toys), num_negatives=6, num_train=80),
}


@pytest.mark.parametrize("name", MAKE)
def test_resumed_equals_uninterrupted(toys, name, generator):
    method = MAKE[name](toys)
    toys.steps(method, generator, 4)
    state, random = {k: v.clone() for k, v in method.state_dict().items()}, generator.get_state()
    losses = toys.steps(method, generator, 4)
    torch.manual_seed(99)
    resumed = MAKE[name](toys)
    resumed.load_state_dict(state)
    assert toys.steps(resumed, torch.Generator().set_state(random), 4) == losses
    for key, value in method.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key
