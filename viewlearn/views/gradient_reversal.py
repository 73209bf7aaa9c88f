"""Gradient reversal: two players that pull one loss in opposite directions, in one backward pass."""

import torch
from torch import Tensor


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.scale * gradient, None


def reverse_gradient(x: Tensor, scale: float = 1.0) -> Tensor:
    """x, unchanged; on the way back the gradient is multiplied by −scale.

        forward:  y = x          backward:  ∂L/∂x = −scale · ∂L/∂y

    What lies behind it (a Viewmaker) ascends the loss that what lies in front of it (an encoder) descends, so that
    one backward pass trains both. Ganin & Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015,
    section 3.2 (their λ is ``scale``).

    Args:
        x: any floating-point tensor.
        scale: of the reversed gradient; 0 stops it.

    Raises:
        ValueError: a negative scale, which would not reverse anything.
    """
    if scale < 0:
        raise ValueError(f"scale of the reversed gradient is {scale}; it must be 0 or more")
    return _Reverse.apply(x, scale)
