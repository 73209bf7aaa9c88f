"""Keepers and objectives by flag: what is made, bound to the data, and refused."""

import pytest
import torch
from jsonargparse import Namespace

import viewlearn
from viewlearn.data import DataSpec
from viewlearn.methods import CASSLE, ESSL, AugSelf, EquiMod, Method
from viewlearn.runs import load_components, make_parser
from viewlearn.runs.binding import bind
from viewlearn.views import Identity, pipeline

SPEC = DataSpec((3, 16, 16), value_range=(0.0, 1.0))


@pytest.fixture(scope="module")
def parser():
    load_components()
    return make_parser()


def made(parser, flags: str) -> Method:
    config = parser.parse(["--data", "PhotoDigits", "--views", "SimCLRViews", *flags.split()])
    bound = Namespace(views=bind(config.views, SPEC), method=bind(config.method, SPEC))
    parts = parser.make(bound)
    encoder = viewlearn.Backbone("resnet10w4", channels=3, size=(16, 16))
    return parts.method(encoder, pipeline(Identity(), Identity(), parts.views))


@pytest.mark.parametrize(
    ("flags", "kind", "sizes"),
    [
        ("--method MoCo --method.queue 8 --method.keeper AugSelf --method.keeper.factors crop,color", AugSelf, [4, 9]),
        ("--method SimCLR --method.keeper CASSLE --method.keeper.factors color+gray,flip", CASSLE, [10, 1]),
        ("--method BYOL --method.keeper EquiMod --method.keeper.width 8", EquiMod, [4, 1, 9, 1]),
    ],
)
def test_a_keeper_is_made_for_the_datas_shape(parser, flags, kind, sizes):
    method = made(parser, flags)
    assert type(method.keeper) is kind
    assert list(method.keeper.descriptor.sizes.values()) == sizes
    assert not any(name.startswith("keeper.descriptor") for name in method.state_dict())


def test_views_of_sounds_are_described_before_the_front_end(parser):
    spec = DataSpec((1, 16, 16), sample_rate=8_000, num_samples=4_000)
    config = parser.parse(["--data", "SyntheticVowels", "--views", "WaveformViews", "--method.keeper", "CASSLE"])
    parts = parser.make(Namespace(views=bind(config.views, spec), method=bind(config.method, spec)))
    encoder = viewlearn.Backbone("resnet10w4", channels=1, size=(16, 16))
    method = parts.method(encoder, pipeline(Identity(), Identity(), parts.views))
    assert method.keeper.descriptor.sizes == {
        "crop": 1,
        "gain": 1,
        "polarity": 1,
        "shift": 1,
        "low_pass": 2,
        "noise": 1,
    }
    params = method.views.sample(torch.zeros(3, 1, 4_000), torch.Generator().manual_seed(0))
    assert method.describe(params, {}).shape == (3, 7)


def test_further_views_are_classes_with_flags_of_their_own(parser):
    flags = "--method.keeper ESSL --method.keeper.factors rotation --method.keeper.further_views LooCViews"
    method = made(parser, f"{flags} --method.keeper.further_views.size 8")
    assert type(method.keeper) is ESSL
    assert method.keeper.settings("rotation").tolist() == [0, 1, 2, 3]
    assert method.keeper.further_views["crop"].size == (8, 8)


def test_an_objective_is_a_function_or_a_module(parser):
    assert made(parser, "--method.loss torch.nn.functional.mse_loss").loss is torch.nn.functional.mse_loss
    module = made(parser, "--method.loss torch.nn.HuberLoss --method.loss.delta 2").loss
    assert type(module) is torch.nn.HuberLoss and module.delta == 2
    assert made(parser, "--method.loss spectral").loss == "spectral"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--method.keeper AugSelf --method.keeper.factors hue", "no entry 'hue' in the views; there are: crop"),
        ("--method.keeper AugSelf --method.keeper.weight -1", "--method.keeper.weight is -1"),
        ("--method.keeper Nobody", "Nobody"),
        ("--method.loss os.system", "os.system"),
        ("--method.loss nt_xnet", "nt_xnet"),
    ],
)
def test_mistakes_are_told(parser, flags, message):
    with pytest.raises(ValueError, match=message):
        made(parser, flags)
