"""Momentum encoders: slow copies of networks that compute the keys."""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)


def momentum_copy(module: Module) -> Module:
    """Copies a network; the copy's weights get no gradients, ``momentum_update`` moves them."""
    return copy.deepcopy(module).requires_grad_(False)


@torch.no_grad()
def momentum_update(slow: nn.Module, fast: nn.Module, momentum: float) -> None:
    """Moves the weights of a copy towards those of the original: θ_k ← m θ_k + (1 − m) θ_q, in place.

    Buffers are left alone: BatchNorm's statistics in the copy are those of the keys (He et al. 2020, eq. 2, and code).
    """
    weights: list[Tensor] = list(slow.parameters())
    others: list[Tensor] = list(fast.parameters())
    if weights:  # head "none" has no weights
        torch._foreach_lerp_(weights, others, 1 - momentum)
