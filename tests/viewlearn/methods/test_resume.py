"""Queues, banks and momentum weights are in the state dict: a restored method goes on bit for bit."""

from functools import partial

import pytest
import torch

from viewlearn.methods import CASSLE, ESSL, AugSelf, EquiMod, InstDisc, LooC, MoCo, SimCLR
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
KEEPERS = {
    "augself": lambda toys: AugSelf,
    "cassle": lambda toys: CASSLE,
    "equimod": lambda toys: EquiMod,
    "essl": lambda toys: partial(ESSL, factors="turn", further_views=Compose(turn=toys.Roll())),
}


def keeping(base, name):
    def make(toys):
        keeper = partial(KEEPERS[name](toys), width=8, input_shape=(6,))
        return base(toys.Linear(norm=True), toys.views, keeper=keeper)

    return make


MAKE |= {f"{base.__name__}-{name}": keeping(base, name) for base in (SimCLR, MoCo) for name in KEEPERS}


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
