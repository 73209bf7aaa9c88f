import torch
from torch import nn

from viewlearn.encoders import Backbone, BranchedBackbone
from viewlearn.evaluation.probes import LayeredEncoder, layered
from viewlearn.methods import LooC, SimCLR
from viewlearn.views import Compose, Identity


def looc(encoder):
    views = Compose(color=Identity(), rotation=Identity())
    return LooC(encoder, views, factors="color,rotation", negatives="batch", dim=5).eval()


def test_looc_has_the_backbone_and_every_space(generator):
    torch.manual_seed(0)
    method = looc(Backbone("resnet10w8", channels=3, size=(16, 16)))
    x = torch.rand(4, 3, 16, 16, generator=generator)
    layers = layered(method).features(x)
    assert list(layers) == ["V", "Z_all", "Z_color", "Z_rotation"]
    torch.testing.assert_close(layers["V"], method.encoder(x))
    embeddings = method.project(method.encoder(x))
    for i, space in enumerate(("all", "color", "rotation")):
        torch.testing.assert_close(layers[f"Z_{space}"], embeddings[:, i])


def test_loocs_branches_are_layers_too(generator):
    torch.manual_seed(0)
    method = looc(BranchedBackbone("resnet10w8", branches=3, channels=3, size=(16, 16)))
    x = torch.rand(4, 3, 16, 16, generator=generator)
    layers = layered(method).features(x)
    assert list(layers) == ["V", "V_all", "V_color", "V_rotation", "Z_all", "Z_color", "Z_rotation"]
    torch.testing.assert_close(torch.cat([layers[f"V_{space}"] for space in method.spaces], dim=1), layers["V"])
    torch.testing.assert_close(layers["Z_rotation"], method.project(method.encoder(x))[:, 2])


def test_a_method_with_one_head_has_one_space(generator):
    torch.manual_seed(0)
    method = SimCLR(Backbone("resnet10w8", channels=3, size=(16, 16)), Compose(), dim=7)
    layers = layered(method).features(torch.rand(2, 3, 16, 16, generator=generator))
    assert {name: z.shape[1] for name, z in layers.items()} == {"V": method.encoder.num_features, "Z_0": 7}


def test_without_heads_there_is_only_the_backbone():
    assert list(LayeredEncoder(nn.Flatten()).features(torch.zeros(2, 3))) == ["V"]


def test_each_layer_is_named_and_there():
    heads = {"all": nn.Identity(), "color+gray": nn.Identity()}
    x = torch.rand(3, 3, 16, 16)
    branched = BranchedBackbone("resnet10w4", branches=2, channels=3, size=(16, 16))
    for encoder, names in ((branched, ["V", "V_all", "V_color+gray"]), (nn.Flatten(), ["V"])):
        layers = LayeredEncoder(encoder.eval(), heads)
        names = [*names, "Z_all", "Z_color+gray"]
        assert layers.names == names == list(layers.features(x))
        assert layers.comparisons == [*names, "Z_*"]
    assert LayeredEncoder(nn.Flatten(), {"0": nn.Identity()}).comparisons == ["V", "Z_0"]
    assert LayeredEncoder(nn.Flatten()).comparisons == ["V"]
