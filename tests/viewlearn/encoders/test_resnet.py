"""Narrow ResNets against torchvision's, and the small stem against its definition."""

import pytest
import torch
import torchvision.models.resnet as tv
from torch import nn

from viewlearn.encoders import split_last_stage
from viewlearn.encoders.resnet import NarrowResNet, build_resnet


@pytest.mark.parametrize(("blocks", "make"), [((2, 2, 2, 2), tv.resnet18), ((3, 4, 6, 3), tv.resnet34)])
def test_width_64_is_torchvisions_network(blocks, make):
    ours, theirs = NarrowResNet(blocks, 64).double().eval(), make(weights=None).double().eval()
    theirs.fc = nn.Identity()
    theirs.load_state_dict(ours.state_dict())  # the same names and shapes
    x = torch.rand(2, 3, 40, 48, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x))


def test_resnet18_is_torchvisions_with_another_stem():
    made = build_resnet("resnet18", 3, "small")
    network = made.network
    peer = tv.resnet18(weights=None)
    peer.conv1, peer.maxpool, peer.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
    peer.load_state_dict(network.state_dict())
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(network.double().eval()(x), peer.double().eval()(x))
    assert (made.num_features, made.stride) == (512, 8)


@pytest.mark.parametrize("name", ["resnet10w16", "resnet18w32"])
def test_narrow_sizes(name):
    made = build_resnet(name, 3, "small")
    network, num_features = made.network, made.num_features
    width = int(name.split("w")[1])
    assert num_features == 8 * width
    assert network.conv1.out_channels == width
    assert sum(isinstance(module, tv.BasicBlock) for module in network.modules()) == {"10": 4, "18": 8}[name[6:8]]


def test_resnet10w16_has_a_third_of_a_million_weights():
    assert 0.28e6 < sum(p.numel() for p in build_resnet("resnet10w16", 3, "small").network.parameters()) < 0.34e6


def test_weights_start_at_the_scale_of_relus():
    """Kaiming's: the signal neither dies nor explodes on its way, so that a run may start at any width."""
    for width in (8, 64):
        torch.manual_seed(0)
        convolution = build_resnet(f"resnet10w{width}", 3, "small").network.layer2[0].conv2
        expected = (2 / (convolution.out_channels * 9)) ** 0.5
        assert convolution.weight.std().item() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("name", ["resnet10w8", "resnet18", "resnet50"])
def test_trunk_and_last_stage_are_the_whole(name):
    network = build_resnet(name, 3, "small").network.double().eval()
    trunk, last = split_last_stage(network)
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(last(trunk(x)), network(x))
    assert {id(p) for part in (trunk, last) for p in part.parameters()} == {id(p) for p in network.parameters()}


def test_only_resnets_can_be_cut():
    with pytest.raises(ValueError, match="Linear has no ResNet stages"):
        split_last_stage(nn.Linear(2, 2))
