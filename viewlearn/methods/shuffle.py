"""Shuffled BatchNorm: keys are encoded in batches other than their queries'."""

from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Generator, Tensor

from viewlearn import distributed


@torch.no_grad()
def encode_shuffled(encode: Callable[[Tensor], Tensor], x: Tensor, generator: Generator) -> Tensor:
    """Returns ``encode(x)``, with the samples shuffled across processes while they are encoded.

    BatchNorm's statistics tell samples of one process's batch from others. If a query and its key were normalized in
    the same batch, the network could find the key by that. So keys swap processes at random, are encoded, and swap back
    (He et al. 2020, section 3.3). With one process, ``x`` isn't shuffled: queries and keys share their batch, though
    not their statistics, as in MoCo on one device.

    Args:
        encode: Encodes any part of the samples: ``(batch, …) -> (batch, …)``.
        x: ``(batch, …)``, as many in every process.
        generator: Random numbers for the permutation; that of the first process counts.
    """
    if distributed.world_size() == 1:
        return encode(x)
    total = len(x) * distributed.world_size()
    order = torch.randperm(total, generator=generator, device=generator.device).to(x.device)
    dist.broadcast(order, src=0)
    own = slice(distributed.rank() * len(x), (distributed.rank() + 1) * len(x))
    encoded = distributed.gather(encode(distributed.gather(x)[order[own]]))
    return encoded[order.argsort()[own]]
