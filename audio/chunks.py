"""Blocks of a batch that fit into a processor's cache."""

from collections.abc import Callable

import torch
from torch import Tensor


def in_chunks(function: Callable[..., Tensor], rows: int, *tensors: Tensor) -> Tensor:
    """``function(*tensors)``, on a CPU for ``rows`` samples of the batch at a time.

    The function must treat each sample by itself. Large temporaries cost more than the arithmetic on a CPU: each is
    memory that the system hands out page by page, and that falls out of the cache before the next step reads it.
    Accelerators take the batch whole.
    """
    x = tensors[0]
    if x.device.type != "cpu" or len(x) <= rows:
        return function(*tensors)
    return torch.cat([function(*chunk) for chunk in zip(*(t.split(max(1, rows)) for t in tensors), strict=True)])
