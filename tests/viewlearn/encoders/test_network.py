"""Any network as an encoder, by name or by object, and first weights from files."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from viewlearn.encoders import Backbone, NetworkEncoder, load_weights
from viewlearn.encoders.counting import count_features

SHAPE = {"channels": 3, "size": (32, 32)}


def small(classes: int = 0) -> nn.Sequential:
    torch.manual_seed(classes)
    layers = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, classes)] if classes else []))


def test_a_plain_module():
    network = small(5)
    network[1].eval()  # frozen by its owner
    encoder = NetworkEncoder(network, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2), **SHAPE)
    assert encoder.num_features == 5 and network.training and not network[1].training
    assert network[1].running_mean.abs().sum() == 0  # the question left no trace
    x = torch.rand(2, 3, 32, 32)
    normalized = (x - torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1)) / 0.2
    torch.testing.assert_close(encoder(x), network(normalized))
    maps = NetworkEncoder(small(), **SHAPE)
    torch.testing.assert_close(maps(x), small()(x).mean((2, 3)), rtol=1e-5, atol=1e-5)
    assert maps.num_features == 6


@pytest.mark.parametrize(
    "network, message",
    [
        (nn.Conv1d(3, 4, 1), r"can't read inputs of shape \(3, 32, 32\)"),
        (nn.Flatten(0), r"of 2 inputs the network makes \(6144,\)"),
        (nn.Flatten(2), r"makes \(2, 3, 1024\)"),
    ],
)
def test_networks_that_make_no_features(network, message):
    with pytest.raises(ValueError, match=message):
        NetworkEncoder(network, **SHAPE)


def test_torchvision_by_name():
    encoder = Backbone("torchvision/mobilenet_v3_small", **SHAPE).eval()
    assert encoder(torch.rand(2, 3, 32, 32)).shape == (2, encoder.num_features) == (2, 1024)
    assert encoder.num_features == count_features(encoder, (3, 32, 32))
    with pytest.raises(ValueError, match=r"torchvision has no classifier 'resnet1'; similar names: .*resnet101"):
        Backbone("torchvision/resnet1", **SHAPE)
    with pytest.raises(ValueError, match="reads 3 channels, and samples have 1"):
        Backbone("torchvision/resnet18", channels=1, size=(32, 32))
    with pytest.raises(ValueError, match="doesn't end in a linear layer"):
        Backbone("torchvision/squeezenet1_1", **SHAPE)


@pytest.mark.parametrize("wrap", ["bare", "module.", "network.", "encoder_q.", "state_dict"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_first_weights_from_a_file(tmp_path, wrap, suffix):
    source = Backbone("resnet10w4", stem="small", **SHAPE)
    torch.nn.init.normal_(source.network.bn1.running_mean)
    prefix = wrap if wrap.endswith(".") else ""
    weights = {prefix + name: value for name, value in source.network.state_dict().items()}
    weights |= {f"{prefix}fc.weight": torch.zeros(7, 32), "queue": torch.zeros(3)}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"state_dict": weights, "epoch": 3} if wrap == "state_dict" else weights, path)
    else:
        save_file(weights, path)
    encoder = Backbone("resnet10w4", stem="small", checkpoint=str(path), **SHAPE)
    own = encoder.network.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in source.network.state_dict().items())


def test_files_that_do_not_fit(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(Backbone("resnet10w4", stem="small", **SHAPE).state_dict(), path)
    with pytest.raises(ValueError, match=r"doesn't fit: conv1.weight has shape \(4, 3, 3, 3\), not \(8, 3, 3, 3\)"):
        Backbone("resnet10w8", stem="small", checkpoint=str(path), **SHAPE)
    with pytest.raises(ValueError, match=r"lacks \d+ of the network's \d+ weights, such as layer1.1"):
        Backbone("resnet18w4", stem="small", checkpoint=str(path), **SHAPE)
    with pytest.raises(ValueError, match="there is no file missing"):
        load_weights(nn.Linear(1, 1), "missing.pth")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="can't be read"):
        load_weights(nn.Linear(1, 1), path)
    with pytest.raises(ValueError, match="choose one"):
        Backbone("resnet18", pretrained=True, checkpoint=str(path), **SHAPE)


def test_pretrained_weights_that_there_are_not():
    with pytest.raises(ValueError, match="no pretrained weights for resnet10w4"):
        Backbone("resnet10w4", pretrained=True, **SHAPE)
    pytest.importorskip("timm")
    with pytest.raises(ValueError, match="timm has no pretrained weights for 'resnet50t'"):
        Backbone("timm/resnet50t", pretrained=True, **SHAPE)


def test_pretrained_weights_have_their_own_statistics(monkeypatch):
    timm = pytest.importorskip("timm")
    create, asked = timm.create_model, []

    def offline(name, pretrained, **settings):
        asked.append(pretrained)
        return create(name, pretrained=False, **settings)

    monkeypatch.setattr(timm, "create_model", offline)
    encoder = Backbone("timm/resnet18", pretrained=True, mean=(0.1,) * 3, std=(0.2,) * 3, **SHAPE)
    assert asked[-1] is True
    assert encoder.normalize.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
