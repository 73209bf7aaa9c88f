"""The rearranged convolutions and the norm, beside torch's own."""

import pytest
import torch
import torch.nn.functional as F

from viewlearn.views.viewmaker.convolutions import few_channels_conv, upsample_conv
from viewlearn.views.viewmaker.layers import ResidualBlock, concatenate
from viewlearn.views.viewmaker.norm import instance_norm


def plain_upsample_conv(x, weight, padding):
    x = F.interpolate(x, scale_factor=2, mode="nearest")
    x = F.pad(x, [1] * 4, mode="reflect" if padding == "reflect" else "constant")
    return F.conv2d(x, weight)


def assert_same_with_gradients(ours, plain, inputs):
    """Values, gradients and gradients of these, in float64, where nothing but an error can tell them apart."""
    inputs = [value.double().requires_grad_() for value in inputs]
    y, expected = ours(*inputs), plain(*inputs)
    torch.testing.assert_close(y, expected, atol=1e-9, rtol=1e-9)
    cotangent = torch.randn(y.shape, generator=torch.Generator().manual_seed(7), dtype=y.dtype)
    found, wanted = (torch.autograd.grad((out * cotangent).sum(), inputs, create_graph=True) for out in (y, expected))
    again = (
        torch.autograd.grad(sum(g.square().sum() for g in each), inputs, materialize_grads=True)
        for each in (found, wanted)
    )
    for a, b in zip((*found, *next(again)), (*wanted, *next(again)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
@pytest.mark.parametrize("size", [(2, 2), (1, 5), (4, 7), (8, 8)])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_upsampling_then_convolving_is_four_phases(padding, size, memory_format, generator):
    x = torch.randn(3, 5, *size, generator=generator).to(memory_format=memory_format)
    weight = torch.randn(4, 5, 3, 3, generator=generator)
    assert_same_with_gradients(
        lambda x, w: upsample_conv(x, w, padding), lambda x, w: plain_upsample_conv(x, w, padding), [x, weight]
    )


@pytest.mark.parametrize(("kernel", "size"), [(9, (8, 12)), (9, (20, 32)), (5, (4, 4)), (3, (4, 8)), (1, (4, 4))])
@pytest.mark.parametrize("num_out", [1, 3])
def test_a_convolution_to_few_channels_is_one_of_stride_four(kernel, size, num_out, generator):
    inputs = [
        torch.randn(2, 6, *size, generator=generator),
        torch.randn(num_out, 6, kernel, kernel, generator=generator),
        torch.randn(num_out, generator=generator),
    ]

    def plain(x, weight, bias):
        return F.conv2d(F.pad(x, [kernel // 2] * 4, mode="reflect"), weight, bias)

    assert_same_with_gradients(few_channels_conv, plain, inputs)


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (2, 3, 2, 2), (1, 1, 1, 7)])
def test_instance_norm_is_torchs(relu, shape, generator):
    x = 3 + 2 * torch.randn(shape, generator=generator)
    weight, bias = torch.randn(2, shape[1], generator=generator)

    def plain(x, weight, bias):
        y = F.instance_norm(x, weight=weight, bias=bias)
        return y.relu() if relu else y

    assert_same_with_gradients(lambda *inputs: instance_norm(*inputs, relu), plain, [x, weight, bias])


def test_instance_norm_survives_a_mean_far_above_the_deviation(generator):
    """Where E[x²] − E[x]² would lose every digit."""
    x = 1e3 + torch.randn(2, 3, 16, 16, generator=generator)
    y = instance_norm(x, torch.ones(3), torch.zeros(3), relu=False)
    expected = F.instance_norm(x.double()).float()
    torch.testing.assert_close(y, expected, atol=2e-3, rtol=0)


def test_a_constant_channel_gives_the_bias_and_finite_gradients():
    x = torch.full((2, 3, 4, 4), 7.0, requires_grad=True)
    y = instance_norm(x, torch.ones(3), torch.tensor([0.0, 1.0, -1.0]), relu=True)
    assert torch.equal(y.amax((0, 2, 3)), torch.tensor([0.0, 1.0, 0.0]))
    y.square().sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("relu", [True, False])
def test_instance_norm_in_bfloat16_is_rounded_only(relu, generator):
    x = torch.randn(4, 8, 16, 16, generator=generator)
    weight, bias = torch.randn(2, 8, generator=generator)
    exact = instance_norm(x.bfloat16().float(), weight, bias, relu)
    y = instance_norm(x.bfloat16(), weight, bias, relu)
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), exact, atol=0.05, rtol=0.02)


def test_layers_keep_channels_last(generator):
    x = torch.randn(2, 7, 8, 8, generator=generator)
    x = concatenate(x, torch.rand(2, 1, 8, 8, generator=generator))
    assert x.is_contiguous(memory_format=torch.channels_last)
    for padding in ("reflect", "zeros"):
        y = ResidualBlock(8, padding)(x)
        assert y.is_contiguous(memory_format=torch.channels_last)
        y = upsample_conv(y, torch.randn(4, 8, 3, 3, generator=generator), padding)
        assert y.is_contiguous(memory_format=torch.channels_last)
