"""Projection heads and normalization."""

import pytest
import torch
from torch import nn

from viewlearn.encoders import Normalize, projection_head


def test_none_leaves_features_as_they_are():
    x = torch.rand(3, 7)
    assert projection_head("none", 7, 4)(x) is x


def test_linear():
    head = projection_head("linear", 7, 4).double()
    x = torch.rand(3, 7, dtype=torch.float64)
    torch.testing.assert_close(head(x), x @ head.weight.t() + head.bias)


@pytest.mark.parametrize(("hidden", "units"), [(None, 7), (11, 11)])
def test_mlp(hidden, units):
    head = projection_head("mlp", 7, 4, hidden).double()
    first, _, second = head
    assert first.out_features == units
    x = torch.rand(3, 7, dtype=torch.float64)
    inner = (x @ first.weight.t() + first.bias).clamp(min=0)
    torch.testing.assert_close(head(x), inner @ second.weight.t() + second.bias)


def test_unknown_kind():
    with pytest.raises(ValueError, match="head is 'deep'; it must be 'none', 'linear', 'mlp' or 'normed'"):
        projection_head("deep", 7, 4)


def test_normalize_in_lower_precision_and_any_layout():
    normalize = Normalize((0.5, 0.25), (0.5, 0.1))
    x = torch.rand(2, 2, 3, 5, dtype=torch.bfloat16)
    assert normalize(x).dtype == torch.bfloat16
    y = normalize(x.double())
    torch.testing.assert_close(y[:, 1], (x[:, 1].double() - 0.25) / torch.tensor(0.1).double())  # kept in float32
    assert not list(normalize.parameters())


def test_normalize_standardizes_what_its_statistics_describe():
    x = torch.randn(64, 3, 8, 8, dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1) + 4
    mean, std = x.mean((0, 2, 3)), x.std((0, 2, 3))
    y = Normalize(mean.tolist(), std.tolist())(x)
    one = torch.ones(3, dtype=torch.float64)
    torch.testing.assert_close(y.mean((0, 2, 3)), 0 * one, atol=1e-6, rtol=0)  # the statistics are kept in float32:
    torch.testing.assert_close(y.std((0, 2, 3)), one, atol=1e-6, rtol=0)  # 2⁻²⁴ of a mean of 4 and deviations from 1


def test_networks_keep_their_memory_format():
    normalize = nn.Sequential(Normalize((0.5,) * 3, (0.2,) * 3))
    x = torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last)
    assert normalize(x).is_contiguous(memory_format=torch.channels_last)
