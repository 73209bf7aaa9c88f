"""NT-Xent, the loss of SimCLR, and the variant that Viewmaker was published with."""

import math

import torch
from torch import Tensor

from viewlearn import distributed
from viewlearn.losses.logsumexp import logsumexp_self_similarity, logsumexp_similarity, unit_pair


def nt_xent(z1: Tensor, z2: Tensor, temperature: float, across_processes: bool = False) -> Tensor:
    """The normalized-temperature cross-entropy: each embedding is to find its pair among all others of the batch.

        L = −1/2N Σ_i log [ exp(z_i·z_p(i)/τ) / Σ_{j≠i} exp(z_i·z_j/τ) ]

    over the 2N embeddings of both views, scaled to unit length, p(i) being the other view of i's sample. The logits
    are float32 also for bfloat16 embeddings and are computed in tiles: memory is O(batch · dim), not O(batch²).

    Args:
        z1, z2: ``(batch, dim)`` embeddings of the two views.
        temperature: τ.
        across_processes: negatives from all processes, which then hold batches of the same size. Each process returns
            the mean over its own embeddings; with gradients averaged over the processes the training is exactly
            that of one process on the concatenated batch.

    Returns:
        A scalar ≥ 0, or ≈ log(2N − 1) for embeddings that are all equal or unrelated.

    Raises:
        ValueError: shapes that differ, a temperature below 1/600, or a batch of one, which has no negatives.

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
    """The variant of NT-Xent in the published Viewmaker code: one-sided, with the anchor among the candidates.

        L = −1/N Σ_i [ z1_i·z2_i/τ − log Σ_j exp(z1_i·z_j/τ) + log 2N ]

    where j runs over all 2N embeddings of both views, z1_i itself included. The term exp(1/τ) of the anchor in the
    denominator keeps the pull on the positive strong until it is nearly as close; log 2N makes the loss that of a mean
    over candidates, with lower bound −log N and 0 for embeddings that are all equal. Arguments, errors and precision as
    in ``nt_xent``; N counts the samples of all processes.

    Tamkin, Wu & Goodman, Viewmaker Networks, ICLR 2021; as in its code, the paper states NT-Xent.
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
