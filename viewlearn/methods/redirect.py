"""Gradients of views from an objective of their own, beside the loss that the encoder learns from."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def leaf_of(x: Tensor) -> Tensor:
    """Returns x's values with a gradient of their own, which ends there."""
    # A view of the leaf: torch's operation counter hooks on to what modules read, and can't do so on leaves.
    return x.detach().requires_grad_().view_as(x)


def redirected(x: Tensor, seen: Tensor, objective: Tensor, weights: Sequence[nn.Parameter] | None = None) -> Tensor:
    """Returns 0 with a gradient: that of ``objective`` in the weights of views, and none in the encoder's.

    ::

        seen = leaf_of(x)                        # what the encoder reads
        loss + redirected(x, seen, objective)    # the encoder decreases the loss, the views the objective

    The objective's gradient in ``seen`` is taken here, and carried on to the views by the loss's own backward pass, so
    that all of it is averaged over batches and processes as the loss is.

    Args:
        x: Views behind a gradient reversal.
        seen: The same values, ``leaf_of(x)``, that the encoder has read.
        objective: A scalar that views are to decrease, computed from ``seen``.
        weights: Weights of views that are to decrease it; all those behind x by default.
    """
    (gradient,) = torch.autograd.grad(objective, seen, retain_graph=True)
    if weights is None:
        carried = -(x * gradient).sum()  # the reversal turns it around
        return carried - carried.detach()
    by_weight = torch.autograd.grad(x, weights, -gradient, retain_graph=True, allow_unused=True)
    terms = [(weight * own).sum() for weight, own in zip(weights, by_weight, strict=True) if own is not None]
    carried = torch.stack(terms).sum() if terms else x.new_zeros(())
    return carried - carried.detach()
