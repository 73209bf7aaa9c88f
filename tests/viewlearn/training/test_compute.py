"""Counted operations against counts by hand, and budgets against steps."""

from functools import partial

import pytest
import torch
from accelerate import Accelerator
from torch import nn
from toy import Toy

from viewlearn.data import DeviceLoader
from viewlearn.encoders import Encoder
from viewlearn.methods import ESSL, AugSelf, LooC, Method, MoCo, SimCLR
from viewlearn.runs import RunFolder
from viewlearn.training import TrainingSettings, train
from viewlearn.training.compute import peak_flops, step_flops, steps_within
from viewlearn.views import Compose, Identity, Viewmaker, pipeline
from viewlearn.views.decode import ToFloat
from vision import HorizontalFlip, QuarterRotation

BATCH, SIZE, WIDTH, DIM = 16, 16, 12, 4


class OneConvolution(Encoder):
    """A convolution with 2 · 9 · 3 · WIDTH · SIZE² operations an image, and a mean."""

    num_features = WIDTH

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, WIDTH, 3, padding=1, bias=False)

    def forward(self, x):
        return self.convolution(x).mean((2, 3))


FORWARD = 2 * 9 * 3 * WIDTH * SIZE**2
HEAD = 2 * WIDTH * DIM


def toy() -> Toy:
    data = Toy()
    assert data.spec.shape == (3, SIZE, SIZE), "the counts below are for these inputs"
    return data


def counted(method: Method, updates="simultaneous") -> int:
    loader = DeviceLoader(toy().split("train"), BATCH, seed=0)
    batch = next(iter(loader.epoch()))
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    flops = step_flops(method, [batch], generator, Accelerator(cpu=True), sgd, sgd, updates)
    assert torch.equal(generator.get_state(), before)
    return flops


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def views(**entries) -> Compose:
    return pipeline(ToFloat(), Identity(), Compose(entries))


def test_simclr():
    """Images need no gradient: the first layer costs one product forward and one backward, the head one and two."""
    method = SimCLR(OneConvolution(), views(flip=HorizontalFlip()), dim=DIM, head="linear")
    both = 2 * BATCH
    similarities = 3 * 2 * both * both * DIM  # forward, and backward on both sides
    expected = both * (2 * FORWARD + 3 * HEAD) + similarities
    assert counted(method) == pytest.approx(expected, rel=0.01)


def test_moco_has_a_second_encoder_without_gradient_and_a_queue():
    queue = 64
    method = MoCo(OneConvolution(), views(flip=HorizontalFlip()), dim=DIM, head="linear", queue=queue)
    logits = 2 * 2 * BATCH * queue * DIM  # forward, and backward to the query
    expected = BATCH * (2 * FORWARD + 3 * HEAD) + BATCH * (FORWARD + HEAD) + logits
    assert counted(method) == pytest.approx(expected, rel=0.01)


def test_looc_encodes_a_key_for_every_factor():
    method = LooC(
        OneConvolution(),
        views(flip=HorizontalFlip(), rotation=QuarterRotation()),
        "flip,rotation",
        "batch",
        dim=DIM,
        head="linear",
    )
    spaces = views_of_keys = 2 + 1
    query = BATCH * (2 * FORWARD + spaces * 3 * HEAD)
    keys = views_of_keys * BATCH * (FORWARD + spaces * HEAD)
    similarities = spaces * 2 * 2 * BATCH * BATCH * DIM  # with the batch's other keys: forward, and to the query
    assert counted(method) == pytest.approx(query + keys + similarities, rel=0.01)


def test_a_viewmakers_own_passes_count():
    def viewmaker():
        return Viewmaker(channels=3, width=4, num_res_blocks=1)

    from torch.utils.flop_counter import FlopCounterMode

    x = torch.rand(2 * BATCH, 3, SIZE, SIZE)
    learned = viewmaker()
    with FlopCounterMode(display=False) as counter:
        learned(x, torch.Generator().manual_seed(0)).sum().backward()
    both, similarities = 2 * BATCH, 3 * 2 * (2 * BATCH) ** 2 * DIM
    encoder = both * (3 * FORWARD + 3 * HEAD) + similarities  # views need a gradient now
    method = SimCLR(OneConvolution(), views(viewmaker=viewmaker()), dim=DIM, head="linear")
    assert counted(method) == pytest.approx(encoder + counter.get_total_flops(), rel=0.01)
    assert counted(method, "alternating") > 1.3 * counted(method)


def test_counting_leaves_no_trace(tmp_path):
    def trained(name, **settings):
        torch.manual_seed(0)
        method = SimCLR(OneConvolution(), views(flip=HorizontalFlip()), dim=DIM)
        folder = RunFolder(tmp_path / name)
        folder.create()
        loader = DeviceLoader(toy().split("train"), BATCH, seed=0)
        used = train(method, loader, Accelerator(cpu=True), folder, sgd, sgd, settings=TrainingSettings(**settings))
        return used, folder

    by_steps, first = trained("steps", steps=5, log_every=1)
    by_compute, second = trained("compute", compute=5.5 * by_steps.flops_per_step / 1e12, log_every=1)
    assert by_compute == by_steps and by_compute.steps == 5
    assert first.metrics.read_bytes() == second.metrics.read_bytes()
    assert second.load_compute()["tflop"] == pytest.approx(5 * by_steps.flops_per_step / 1e12)


def test_equal_budgets_differ_by_less_than_a_step():
    for flops in (3 * 10**9, 7 * 10**10):
        used = steps_within(1.0, flops) * flops
        assert 0 <= 10**12 - used < flops


@pytest.mark.parametrize("compute", [0.0, -1.0, float("inf"), float("nan")])
def test_bad_budgets(compute):
    with pytest.raises(ValueError, match="compute is"):
        TrainingSettings(compute=compute)


def test_a_budget_below_one_step():
    with pytest.raises(ValueError, match="one step of this run takes"):
        steps_within(0.1, 5 * 10**11)


def test_the_peak_is_measured():
    assert 1e8 < peak_flops(torch.device("cpu"), torch.float32, size=256, seconds=0.05) < 1e14


def keeping(**entries):
    return partial(SimCLR, OneConvolution(), views(flip=HorizontalFlip(), **entries), head="linear", dim=DIM)


def test_what_a_keeper_encodes_beside_the_views_is_counted():
    """E-SSL's further views in each setting, EquiMod's clean samples: forward passes, and the weights' gradients."""
    shape, width = (3, SIZE, SIZE), 8
    plain = counted(keeping()())
    turned = Compose(rotation=QuarterRotation())
    essl = partial(ESSL, factors="rotation", further_views=turned, width=width, input_shape=shape)
    layers = 3 * 2 * (WIDTH * width + width * width + width * 4)  # forward, and both gradients
    assert counted(keeping()(keeper=essl)) - plain == 4 * BATCH * (2 * FORWARD + layers)
    augself = partial(AugSelf, factors="flip", width=width, input_shape=shape)
    layers = 2 * 3 * 2 * (2 * WIDTH * width + width * width + width)  # of both orders
    assert counted(keeping()(keeper=augself)) - plain == BATCH * layers


def test_a_learned_view_costs_a_keeper_the_gradient_of_the_base_once_more():
    learned = {"viewmaker": Viewmaker(width=4, num_res_blocks=0, channels=3)}
    keeper = partial(AugSelf, factors="flip", width=8, input_shape=(3, SIZE, SIZE))
    heads = 2 * 3 * 2 * (2 * WIDTH * 8 + 8 * 8 + 8) * BATCH
    plain, kept = counted(keeping(**learned)()), counted(keeping(**learned)(keeper=keeper))
    # The gradient in the input, of the encoder, the head and the loss's products.
    assert 2 * BATCH * FORWARD <= kept - plain - heads < 1.2 * 2 * BATCH * FORWARD
