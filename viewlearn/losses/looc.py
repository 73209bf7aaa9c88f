"""The loss of LooC: one InfoNCE per embedding space, with same-instance negatives in the spaces that keep a factor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from viewlearn import distributed
from viewlearn.losses.logsumexp import logsumexp_similarity, unit


def looc_losses(
    query: Sequence[Tensor],
    keys: Sequence[Tensor],
    negatives: Sequence[Tensor] | None,
    temperature: float,
    across_processes: bool = False,
) -> Tensor:
    """Computes each sample's loss of leave-one-out contrastive learning in each of n + 1 spaces.

    ::

        L_0 = −log E⁺_00 / (E⁺_00 + Σ E⁻_00)
        L_i = −log E⁺_ii / (Σ_{j=0..n} E⁺_ij + Σ E⁻_ii)           i = 1 … n

    with E_ij = exp(z_i^q · z_i^{k_j} / τ) of the query and key k_j in space i, + for the same instance and − for
    others, all embeddings scaled to unit length. Space 0 pulls the query to k_0, which shares nothing with it; space i
    pulls it to k_i, which shares factor i, and pushes it away from the keys of the same image that don't. Space 0 has
    no other keys (the paper's figure 2 draws them among the positives; its equation doesn't have them).

    Args:
        query: ``(batch, dim)`` for each space.
        keys: ``(n + 1, batch, dim)`` for each space, the embeddings of k_0 … k_n there; of space 0 only ``[0]`` is
            read.
        negatives: ``(num_negatives, dim)`` for each space, of length 1 and not copied: embeddings of k_i of earlier
            instances. None takes the k_i of the batch's other instances.
        temperature: Temperature τ, at least 1/600.
        across_processes: Whether other instances come from the batches of all processes, if ``negatives`` is None.

    Returns:
        ``(n + 1, batch)``.

    Raises:
        ValueError: Lengths or shapes that don't fit, or a batch of one without other negatives.

    Xiao et al., What Should Not Be Contrastive in Contrastive Learning, ICLR 2021, section 3.
    """
    _check(query, keys, negatives)
    losses = []
    for space, (q, k) in enumerate(zip(query, keys, strict=True)):
        q, k = unit(q), torch.stack([unit(view) for view in (k if space else k[:1])])
        logits = (q * k).sum(2) / temperature  # (views, batch)
        if negatives is not None:
            others = logsumexp_similarity(q, negatives[space], temperature)
        else:
            own, columns = 0, k[space]
            if across_processes:
                own, columns = distributed.rank() * len(q), distributed.gather(columns)
            others = logsumexp_similarity(q, columns, temperature, exclude=own)
        candidates = torch.cat([logits, others.unsqueeze(0)])
        losses.append(candidates.logsumexp(0) - logits[space])
    return torch.stack(losses)


def looc_loss(
    query: Sequence[Tensor],
    keys: Sequence[Tensor],
    negatives: Sequence[Tensor] | None,
    temperature: float,
    across_processes: bool = False,
) -> Tensor:
    """Computes the loss of leave-one-out contrastive learning in each space, averaged over the batch: ``(n + 1,)``.

    Training takes the mean of the spaces. Arguments, errors and formula are those of ``looc_losses``.
    """
    return looc_losses(query, keys, negatives, temperature, across_processes).mean(1)


def _check(query: Sequence[Tensor], keys: Sequence[Tensor], negatives: Sequence[Tensor] | None) -> None:
    spaces = len(query)
    if len(keys) != spaces or (negatives is not None and len(negatives) != spaces):
        raise ValueError(
            f"{spaces} spaces of queries, {len(keys)} of keys and "
            f"{'no' if negatives is None else len(negatives)} of negatives; there must be as many of each"
        )
    for space, (q, k) in enumerate(zip(query, keys, strict=True)):
        if k.ndim != 3 or k.shape[1:] != q.shape or (space and len(k) != spaces):
            raise ValueError(
                f"keys of space {space} have shape {tuple(k.shape)}; with queries {tuple(q.shape)} in {spaces} spaces "
                f"they must be ({spaces}, *{tuple(q.shape)})"
            )
    if negatives is None and len(query[0]) * distributed.world_size() < 2:
        raise ValueError("the batch size is 1; without other negatives a contrastive loss needs at least 2")
