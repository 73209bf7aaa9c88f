"""InfoNCE against negatives that are given, as from a queue or a memory bank."""

import torch
from torch import Tensor

from viewlearn.losses._similarity import logsumexp_similarity, unit, unit_pair


def info_nce(query: Tensor, positive: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Each query is to find its positive among the given negatives.

        L = −1/N Σ_i log [ exp(q_i·k_i/τ) / (exp(q_i·k_i/τ) + Σ_j exp(q_i·n_j/τ)) ]

    over embeddings scaled to unit length; float32 logits, in tiles, so that memory is O((batch + negatives) · dim).

    Args:
        query, positive: ``(batch, dim)``; row i of one belongs to row i of the other.
        negatives: ``(num_negatives, dim)``, the same for every query.
        temperature: τ.

    Raises:
        ValueError: shapes that don't fit, or a temperature below 1/600.

    van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, eq. 4; in this form He et
    al., Momentum Contrast, CVPR 2020, eq. 1.
    """
    query, positive = unit_pair(query, positive)
    negatives = unit(negatives)
    if negatives.shape[1] != query.shape[1]:
        raise ValueError(f"negatives have {negatives.shape[1]} dimensions and queries {query.shape[1]}")
    positive_logit = (query * positive).sum(1) / temperature
    log_sum = torch.logaddexp(positive_logit, logsumexp_similarity(query, negatives, temperature))
    return (log_sum - positive_logit).mean()
