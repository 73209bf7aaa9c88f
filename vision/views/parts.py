"""Batches in parts that fit a CPU's cache, for what passes over each image many times."""

import torch
from torch import Tensor

NUM_CACHED = 2**19  # values: two megabytes in float32; smaller parts cost more in calls than they save in cache misses


def batch_parts(x: Tensor, *others: Tensor, num_values: int | None = None) -> list[slice]:
    """The batch as slices of at most ``num_values`` values, or one image; see ``part_size``."""
    size = part_size(x, *others, num_values=num_values)
    return [slice(start, start + size) for start in range(0, len(x), size)]


def part_size(x: Tensor, *others: Tensor, num_values: int | None = None) -> int:
    """How many images of x to work on at a time: all of them on accelerators, and where gradients are recorded.

    There, parts would cost more (in launches, and in gradients of the whole size for each part) than they save. On a
    CPU they save cache misses, and memory that the system would take back and hand out anew, page by page and zeroed,
    which otherwise takes half of the time of these views.

    Args:
        others: what else may require gradients.
        num_values: in a part, over all its images; ``NUM_CACHED`` by default.
    """
    recorded = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in (x, *others))
    if x.device.type != "cpu" or recorded:
        return max(1, len(x))
    return max(1, (num_values or NUM_CACHED) // max(1, x[:1].numel()))
