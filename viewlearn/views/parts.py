"""Batches in parts that fit a CPU's cache, for what passes over each sample many times.

Large temporaries cost more than the arithmetic on a CPU: each is memory that the system hands out page by page and
zeroed, and that has left the cache before the next step reads it. Accelerators take the batch whole.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# Values in a part that goes through a chain of views, 4 MB in float32: large enough for groups of many images, small
# enough for the process to keep the memory.
NUM_IN_CHAIN = 2**20
NUM_CACHED = 2**19  # values: two megabytes in float32; smaller parts cost more in calls than they save in cache misses


def batch_parts(x: Tensor, *others: Tensor, num_values: int | None = None) -> list[slice]:
    """Cuts the batch into slices of ``part_size`` samples."""
    size = part_size(x, *others, num_values=num_values)
    return [slice(start, start + size) for start in range(0, len(x), size)]


def part_size(x: Tensor, *others: Tensor, num_values: int | None = None) -> int:
    """Returns how many samples of x to work on at a time: all on accelerators, and where gradients are recorded.

    Writing parts into one result costs a gradient of the whole size for each part, which is more than they save.

    Args:
        x: ``(batch, …)``.
        others: Whatever else may require gradients.
        num_values: Largest number of values in a part, over all its samples; ``NUM_CACHED`` by default.
    """
    if x.device.type != "cpu" or recorded(x, *others):
        return max(1, len(x))
    return max(1, (num_values or NUM_CACHED) // max(1, x[:1].numel()))


def on_host(x: Tensor) -> bool:
    """Whether the host may look at what was drawn, to compute only the samples that a view hits.

    On a CPU that saves time. An accelerator would have to wait for the host to look, at each view anew; so there all
    samples are computed, and those that aren't hit are left by ``where``, to the same numbers.
    """
    return x.device.type == "cpu"


def recorded(*tensors: Tensor) -> bool:
    """Whether what is computed of these tensors is recorded for a backward pass."""
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


def in_parts(function: Callable[..., Tensor], num_samples: int, x: Tensor, *others: Tensor) -> Tensor:
    """Returns ``function(x, *others)``, computed on a CPU for so many samples at a time, with or without gradients.

    Args:
        function: Treats each sample by itself.
        num_samples: Number of samples in a part; at least 1 is taken.
        x: ``(batch, …)``.
        others: ``(batch, …)`` each.
    """
    if x.device.type != "cpu" or len(x) <= num_samples:
        return function(x, *others)
    parts = (tensor.split(max(1, num_samples)) for tensor in (x, *others))
    return torch.cat([function(*part) for part in zip(*parts, strict=True)])
