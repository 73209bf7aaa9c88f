"""The whitened encoder: what its fixed filters do to the data they were computed from."""

import pytest
import torch
import torch.nn.functional as F

from viewlearn.encoders import WhitenedConvNet


def correlated(generator, channels=3, num=200, size=16):
    """Smooth images whose channels are mixed: patches far from white."""
    x = torch.randn(num, channels, size + 4, size + 4, generator=generator)
    x = F.avg_pool2d(x, 5, stride=1)
    return torch.einsum("dc,nchw->ndhw", torch.randn(channels, channels, generator=generator), x)


@pytest.mark.parametrize("channels", [1, 3])
def test_whitened_patches_have_identity_covariance(channels, generator):
    x = correlated(generator, channels)
    encoder = WhitenedConvNet(channels=channels, size=(16, 16), mean=(0.1,) * channels, std=(0.02,) * channels)
    encoder.see(x)
    half = 4 * channels
    white = F.conv2d(encoder.normalize(x), encoder.filters)[:, :half]
    white = white.transpose(0, 1).flatten(1).double()
    covariance = torch.cov(white)
    torch.testing.assert_close(covariance, torch.eye(half, dtype=torch.float64), rtol=0, atol=1e-3)
    assert torch.equal(encoder.filters[half:], -encoder.filters[:half])


def test_directions_without_variance_stay_bounded():
    encoder = WhitenedConvNet(channels=3, size=(16, 16))
    encoder.see(torch.ones(10, 3, 16, 16))
    assert encoder.filters.isfinite().all()
    assert encoder(torch.rand(2, 3, 16, 16)).isfinite().all()


def test_filters_are_saved_and_not_learned(generator):
    encoder = WhitenedConvNet(channels=3, size=(16, 16))
    encoder.see(correlated(generator))
    other = WhitenedConvNet(channels=3, size=(16, 16))
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other.filters, encoder.filters)
    assert "filters" not in dict(encoder.named_parameters())


@pytest.mark.parametrize("size", [(16, 16), (33, 17), (64, 101)])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_size_and_channels(size, channels):
    encoder = WhitenedConvNet(widths=(4, 6), channels=channels, size=size)
    x = torch.rand(2, channels, *size)
    assert encoder(x).shape == (2, encoder.num_features) == (2, 6)
    assert encoder.feature_map(x).shape == (2, 6, (size[0] - 1) // 4, (size[1] - 1) // 4)


def test_pools(generator):
    x = torch.rand(3, 3, 16, 16, generator=generator)
    torch.manual_seed(0)
    both = WhitenedConvNet(widths=(4,), pool="both", channels=3, size=(16, 16)).eval()
    torch.manual_seed(0)
    mean = WhitenedConvNet(widths=(4,), pool="mean", channels=3, size=(16, 16)).eval()
    assert both.num_features == 8
    torch.testing.assert_close(both(x)[:, 4:], mean(x))
    torch.testing.assert_close(both(x)[:, :4], mean.feature_map(x).amax((2, 3)))


def test_a_grid_keeps_places_at_any_size(generator):
    encoder = WhitenedConvNet(widths=(4, 6, 8), pool="grid", channels=3, size=(32, 32)).eval()
    x = torch.rand(2, 3, 32, 32, generator=generator)
    assert encoder.num_features == 72
    torch.testing.assert_close(encoder(x), encoder.feature_map(x).flatten(1))  # 3×3 is what three blocks leave of it
    assert encoder(F.avg_pool2d(x, 2)).shape == encoder(x[..., :24]).shape == (2, 72)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (12, 32)}, "16 or more"),
        ({"size": (32, 32), "widths": (4,) * 5}, "33 or more"),
        ({"size": (32, 32), "widths": ()}, r"widths is \[\]"),
        ({"size": (32, 32), "pool": "min"}, "'max'"),
        ({}, "needs channels and size"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        WhitenedConvNet(**{"channels": 3, **arguments})
