"""Gradient reversal: two players that pull one loss in opposite directions, in one backward pass."""

from typing import Any

import torch
from torch import Tensor


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        return -ctx.scale * gradient, None


def reverse_gradient(x: Tensor, scale: float = 1.0) -> Tensor:
    """Returns x unchanged; on the way back the gradient is multiplied by −scale.

    ::

        forward:  y = x          backward:  ∂L/∂x = −scale · ∂L/∂y

    A network before it (a Viewmaker) ascends the loss that a network after it (an encoder) descends, so that one
    backward pass trains both. Ganin & Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015,
    section 3.2 (their λ is ``scale``).

    Args:
        x: Any floating-point tensor.
        scale: Factor of the reversed gradient, at least 0; 0 stops it.

    Raises:
        ValueError: A negative scale, which would not reverse anything.
    """
    if scale < 0:
        raise ValueError(f"scale of the reversed gradient is {scale}; it must be 0 or more")
    return _Reverse.apply(x, scale)
