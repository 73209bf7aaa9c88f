import pytest
import torch

from viewlearn.encoders import Backbone, BranchedBackbone


def build(name="resnet10w16", branches=3, size=(16, 16)):
    return BranchedBackbone(name, branches, channels=3, size=size)


@pytest.mark.parametrize("name", ["resnet10w16", "resnet18"])
def test_features_are_those_of_all_branches(name):
    encoder = build(name).double().eval()
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    features = encoder(x)
    assert features.shape == (2, encoder.num_features)
    shared = encoder.network(encoder.normalize(x))
    torch.testing.assert_close(features.chunk(3, 1)[1], encoder.branches[1](shared))


def test_one_branch_is_the_plain_network():
    encoder, plain = build(branches=1), Backbone("resnet10w16", channels=3, size=(16, 16))
    encoder, plain = encoder.double().eval(), plain.double().eval()
    names = zip(encoder.state_dict(), plain.state_dict().values(), strict=True)
    encoder.load_state_dict(dict(names))
    x = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(encoder(x), plain(x))


def test_branches_start_apart_on_one_trunk():
    encoder, plain = build(), Backbone("resnet10w16", channels=3, size=(16, 16))
    first, second, _ = (branch[0][0].conv1.weight for branch in encoder.branches)
    assert not torch.equal(first, second)
    last = sum(p.numel() for p in plain.network.layer4.parameters())
    total = sum(p.numel() for p in plain.parameters())
    assert sum(p.numel() for p in encoder.parameters()) == total + 2 * last


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="can't cut 'timm/resnet18'"):
        build("timm/resnet18")
    with pytest.raises(ValueError, match="branches is 0"):
        build(branches=0)
    with pytest.raises(ValueError, match="smaller than the stride"):
        build(size=(4, 4))
