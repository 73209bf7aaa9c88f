"""NT-Xent, the loss of SimCLR, and the variant that Viewmaker was published with."""

import math

import torch
from torch import Tensor

from viewlearn import distributed
from viewlearn.losses.logsumexp import logsumexp_self_similarity, logsumexp_similarity, unit_pair


def nt_xent(z1: Tensor, z2: Tensor, temperature: float, across_processes: bool = False) -> Tensor:
    """Computes NT-Xent: the cross-entropy of finding each embedding's pair among all others of the batch.

    ::

        L = −1/2N Σ_i log [ exp(z_i·z_p(i)/τ) / Σ_{j≠i} exp(z_i·z_j/τ) ]

    over the 2N embeddings of both views, scaled to unit length; p(i) is the other view of i's sample. Logits are
    float32, also for bfloat16 embeddings, and computed in tiles: memory is O(batch · dim), not O(batch²).

    Args:
        z1: ``(batch, dim)`` embeddings of one view.
        z2: ``(batch, dim)`` embeddings of the other view.
        temperature: Temperature τ, at least 1/600.
        across_processes: Whether negatives come from all processes, which then hold batches of the same size. Each
            process returns the mean over its own embeddings; if gradients are averaged over the processes, training is
            exactly that of one process on the concatenated batch, as far as networks treat samples one by one
            (BatchNorm doesn't, unless it is synchronized: ``viewlearn.encoders.SynchronizedBatchNorm``).

    Returns:
        A scalar ≥ 0; log(2N − 1) if all embeddings are equal.

    Raises:
        ValueError: Shapes that differ, a temperature below 1/600, or a batch of one, which has no negatives.

    Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020, eq. 1.
    """
    z1, z2 = unit_pair(z1, z2)
    z = torch.cat([z1, z2])
    if across_processes and distributed.world_size() > 1:
        own = distributed.rank() * len(z)
        log_sum = logsumexp_similarity(z, distributed.gather(z), temperature, exclude=own)
    else:
        _check_negatives(len(z1))
        log_sum = logsumexp_self_similarity(z, temperature)
    return log_sum.mean() - _positive(z1, z2, temperature)


def viewmaker_nt_xent(z1: Tensor, z2: Tensor, temperature: float, across_processes: bool = False) -> Tensor:
    """Computes NT-Xent as the published Viewmaker code does: one-sided, with the anchor among the candidates.

    ::

        L = −1/N Σ_i [ z1_i·z2_i/τ − log Σ_j exp(z1_i·z_j/τ) + log 2N ]

    where j runs over all 2N embeddings of both views, z1_i itself included. The term exp(1/τ) of the anchor in the
    denominator keeps the pull on the positive strong until it is nearly as close; log 2N turns the sum over candidates
    into a mean, so that the loss is at least −log N, and 0 if all embeddings are equal. Arguments, errors and precision
    are those of ``nt_xent``; N counts the samples of all processes.

    Tamkin, Wu & Goodman, Viewmaker Networks, ICLR 2021, as in its code; the paper states NT-Xent.
    """
    z1, z2 = unit_pair(z1, z2)
    candidates = torch.cat([z1, z2])
    if across_processes:
        candidates = distributed.gather(candidates)
    _check_negatives(len(candidates) // 2)
    log_mean = logsumexp_similarity(z1, candidates, temperature).mean() - math.log(len(candidates))
    return log_mean - _positive(z1, z2, temperature)


def _positive(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    return (z1 * z2).sum(1).mean() / temperature


def _check_negatives(batch_size: int) -> None:
    if batch_size < 2:
        raise ValueError(f"the batch size is {batch_size}; a contrastive loss needs at least 2 for negatives")
