"""InfoNCE against given negatives, such as those of a queue or a memory bank."""

import math

import torch
from torch import Tensor

from viewlearn.losses.logsumexp import logsumexp_similarity, unit, unit_pair


def info_nce(
    query: Tensor, positive: Tensor, negatives: Tensor, temperature: float, unit_negatives: bool = False
) -> Tensor:
    """Computes InfoNCE: the cross-entropy of finding each query's positive among the given negatives.

    ::

        L = −1/N Σ_i log [ exp(q_i·k_i/τ) / (exp(q_i·k_i/τ) + Σ_j exp(q_i·n_j/τ)) ]

    over embeddings scaled to unit length. Logits are float32 and computed in tiles: memory is O((batch + negatives) ·
    dim).

    Args:
        query: ``(batch, dim)`` embeddings.
        positive: ``(batch, dim)`` embeddings; row i belongs to row i of ``query``.
        negatives: ``(num_negatives, dim)``, the same for every query.
        temperature: Temperature τ, at least 1/600.
        unit_negatives: Whether the negatives have length 1 already, as those of a queue do; saves a copy of them.

    Returns:
        A scalar ≥ 0.

    Raises:
        ValueError: Shapes that don't fit, or a temperature below 1/600.

    van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, eq. 4; in this form He et
    al., Momentum Contrast, CVPR 2020, eq. 1.
    """
    positive_logit, negative_sum = _logits(query, positive, negatives, temperature, unit_negatives)
    return (torch.logaddexp(positive_logit, negative_sum) - positive_logit).mean()


def viewmaker_info_nce(
    query: Tensor, positive: Tensor, negatives: Tensor, temperature: float, unit_negatives: bool = False
) -> Tensor:
    """Computes InfoNCE as the published Viewmaker code does for memory banks, with no positive in the denominator.

    ::

        L = −1/N Σ_i [ q_i·k_i/τ − log Σ_j exp(q_i·n_j/τ) + log K ]        for K negatives

    Negatives drawn from the whole bank may hold the positive; if they are the whole bank, L + log K is the full softmax
    of Wu et al. 2018, eq. 2. Otherwise it is unbounded below, and 0 if all embeddings are equal. Arguments, errors and
    precision are those of ``info_nce``.

    Tamkin, Wu & Goodman, Viewmaker Networks, ICLR 2021; as in its code.
    """
    positive_logit, negative_sum = _logits(query, positive, negatives, temperature, unit_negatives)
    return (negative_sum - math.log(len(negatives)) - positive_logit).mean()


def _logits(
    query: Tensor, positive: Tensor, negatives: Tensor, temperature: float, unit_negatives: bool
) -> tuple[Tensor, Tensor]:
    """Returns, for each query, the logit of its positive and the log-sum-exp of the negatives' logits."""
    query, positive = unit_pair(query, positive)
    negatives = negatives if unit_negatives else unit(negatives)
    if negatives.shape[1] != query.shape[1]:
        raise ValueError(f"negatives have {negatives.shape[1]} dimensions and queries {query.shape[1]}")
    return (query * positive).sum(1) / temperature, logsumexp_similarity(query, negatives, temperature)
