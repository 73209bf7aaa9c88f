"""Encoders by name: one contract for all of them."""

import sys

import pytest
import torch

from viewlearn.encoders import Backbone, Encoder

NAMES = ["resnet10w8", "resnet18w8", "resnet34w4", "resnet18", "resnet50"]


def build(name="resnet10w8", size=(16, 16), channels=3, **settings) -> Backbone:
    torch.manual_seed(0)
    return Backbone(name, channels=channels, size=size, **settings)


@pytest.mark.parametrize("name", NAMES)
def test_contract(name):
    encoder = build(name, size=(8, 24)).eval()
    x = torch.rand(3, 3, 8, 24)
    features = encoder(x)
    assert features.shape == (3, encoder.num_features)
    assert features.dtype == torch.float32
    encoder, x = encoder.double(), x.double()
    torch.testing.assert_close(encoder(x[1:2]), encoder(x)[1:2])  # row by row
    assert not any(name.endswith("fc.weight") for name in encoder.state_dict())  # no classifier


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_any_number_of_channels(channels, stem):
    encoder = build(channels=channels, stem=stem, size=(32, 32)).eval()
    assert encoder(torch.rand(2, channels, 32, 32)).shape == (2, 64)


@pytest.mark.parametrize(("size", "kernel"), [((64, 80), 3), ((32, 32), 3), ((65, 65), 7), ((96, 128), 7)])
def test_the_stem_follows_the_size(size, kernel):
    assert build(size=size).network.conv1.kernel_size == (kernel, kernel)


@pytest.mark.parametrize(("stem", "stride"), [("small", 8), ("imagenet", 32)])
def test_the_stride_is_what_the_layers_make_of_it(stem, stride):
    encoder = build(stem=stem, size=(64, 64))
    maps = []
    encoder.network.layer4.register_forward_hook(lambda module, x, y: maps.append(y.shape[-2:]))
    encoder(torch.rand(2, 3, 64, 64))
    assert maps == [(64 // stride, 64 // stride)]
    with pytest.raises(
        ValueError, match=rf"inputs of {stride - 1}×64 are smaller than the stride of resnet10w8, {stride}"
    ):
        build(stem=stem, size=(stride - 1, 64))


def test_normalization_is_inside():
    plain, scaled = (build(**norm).double().eval() for norm in ({}, {"mean": (0.4, 0.5, 0.6), "std": (0.1, 0.2, 0.3)}))
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    mean, std = torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1), torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)
    torch.testing.assert_close(scaled(x), plain((x - mean) / std))
    assert {"normalize.mean", "normalize.std"} <= scaled.state_dict().keys()


def test_timm_by_name():
    pytest.importorskip("timm")
    encoder = build("timm/resnet18", size=(32, 32), channels=1).eval()
    assert encoder(torch.rand(2, 1, 32, 32)).shape == (2, encoder.num_features) == (2, 512)
    with pytest.raises(ValueError, match="inputs of 16×16 are smaller than the stride of timm/resnet18, 32"):
        build("timm/resnet18")
    with pytest.raises(ValueError, match=r"timm has no model 'resnet1888'; similar names: .*resnet18"):
        build("timm/resnet1888")


def test_timm_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match="needs timm, which isn't installed: pip install timm"):
        build("timm/resnet18")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "resnet19"}, "no encoder 'resnet19'; there are resnet18, .* narrow ones such as resnet10w16"),
        ({"name": "resnet10w"}, "no encoder 'resnet10w'"),
        ({"channels": None}, "needs channels and size"),
        ({"size": None}, "needs channels and size"),
        ({"mean": (0.5,), "std": (0.5,)}, "mean and std have 1 channels, the input has 3"),
        ({"mean": (0.5,) * 3, "std": (0.5,)}, "mean has 3 channels and std 1"),
        ({"std": (0.5, 0.0, 0.5)}, "std is .*; it must lie in .*, each"),
    ],
)
def test_bad_arguments_are_named(settings, said):
    with pytest.raises(ValueError, match=said):
        build(**settings)


def test_a_base_class_is_no_encoder():
    with pytest.raises(TypeError, match="abstract"):
        Encoder()
