"""Shuffled BatchNorm: keys are encoded in batches other than their queries'."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from viewlearn import distributed


@torch.no_grad()
def encode_shuffled(encode: Callable[[Tensor], Tensor], x: Tensor, generator: Generator) -> Tensor:
    """Returns ``encode(x)``, with the samples shuffled across processes while they are encoded.

    BatchNorm's statistics tell samples of one process's batch from others. If a query and its key were normalized in
    the same batch, the network could find the key by that. So keys swap processes at random, are encoded, and swap back
    (He et al. 2020, section 3.3). With one process, ``x`` isn't shuffled: queries and keys share their batch, though
    not their statistics, as in MoCo on one device.

    Every process sends each of the others an equal share of its samples, chosen at random, and nothing else; in the
    type that autocast computes in.

    Args:
        encode: Encodes any part of the samples: ``(batch, …) -> (batch, …)``.
        x: ``(batch, …)``, as many in every process.
        generator: Random numbers for the choice.
    """
    size, rank = distributed.world_size(), distributed.rank()
    if size == 1:
        return encode(x)
    # With p processes, the remainder of batch / p goes to p's in turn, so that each gets as many as it sends.
    whole, rest = divmod(len(x), size)
    shares = [whole + ((rank + other) % size < rest) for other in range(size)]
    order = torch.randperm(len(x), generator=generator, device=generator.device).to(x.device)
    device = x.device.type
    rounded = x.dtype == torch.float32 and torch.is_autocast_enabled(device)
    sent = x.to(torch.get_autocast_dtype(device) if rounded else x.dtype)[order]
    encoded = encode(distributed.exchange(sent, shares).to(x.dtype))
    return distributed.exchange(encoded, shares)[order.argsort()]
