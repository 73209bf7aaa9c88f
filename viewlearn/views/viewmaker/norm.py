"""Instance norm and ReLU in one, for channels-last activations."""

from typing import Any

import torch
from torch import Tensor

EPSILON = 1e-5


def instance_norm(x: Tensor, weight: Tensor, bias: Tensor, relu: bool) -> Tensor:
    """Applies instance norm to ``(batch, channel, height, width)``, and then ReLU if asked.

    ::

        y = relu(weight · (x − m) / √(v + 1e-5) + bias),   m, v: mean and variance of each channel of each sample

    torch's own copies channels-last activations to the other layout and back, which takes about as long as the
    convolutions between the norms; here every pass keeps the layout. Sums are taken in float32 (float64 for float64),
    also for bfloat16. It may be differentiated twice.
    """
    return _InstanceNorm.apply(x, weight, bias, relu)


class _InstanceNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, relu: bool) -> Tensor:
        mean = _mean(x).to(x.dtype)
        centered = x - mean
        scale = _scale(centered)
        y = torch.addcmul(_per_channel(bias).to(x.dtype), centered, (scale * _per_channel(weight)).to(x.dtype))
        if relu:
            y.relu_()
        # Not what was centered, which nothing but x would have a second derivative in: to center again is one pass.
        ctx.save_for_backward(x, mean, scale, weight, y if relu else None)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        (gradient,) = gradients
        x, mean, scale, weight, y = ctx.saved_tensors
        if torch.is_grad_enabled():  # this pass is itself to be differentiated, so everything has to come from x
            centered = x - _mean(x).to(x.dtype)
            scale = _scale(centered)
        else:
            centered = x - mean
        if y is not None:
            gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        # With n = centered · scale and g the gradient of y:  ∂x = weight · scale · (g − mean(g) − n · mean(g · n)).
        mean_g = _mean(gradient)
        mean_gn = _mean(gradient * centered) * scale
        by_x = torch.addcmul(-mean_g.to(gradient.dtype), centered, -(scale * mean_gn).to(gradient.dtype))
        by_x.add_(gradient).mul_((scale * _per_channel(weight)).to(gradient.dtype))
        num_pixels = gradient.shape[2] * gradient.shape[3]
        return by_x, mean_gn.sum((0, 2, 3)) * num_pixels, mean_g.sum((0, 2, 3)) * num_pixels, None


def _scale(centered: Tensor) -> Tensor:
    """Reciprocal deviation of each channel of each sample, in float32 or float64."""
    return (_mean(centered * centered) + EPSILON).rsqrt()


def _mean(x: Tensor) -> Tensor:
    """Averages over the pixels to ``(batch, channel, 1, 1)``, in float32 or float64."""
    return x.sum((2, 3), keepdim=True, dtype=torch.promote_types(x.dtype, torch.float32)) / (x.shape[2] * x.shape[3])


def _per_channel(value: Tensor) -> Tensor:
    return value.view(-1, 1, 1)
