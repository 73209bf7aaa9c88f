"""InfoNCE against negatives that are given, as from a queue or a memory bank."""

import math

import torch
from torch import Tensor

from viewlearn.losses.logsumexp import logsumexp_similarity, unit, unit_pair


def info_nce(
    query: Tensor, positive: Tensor, negatives: Tensor, temperature: float, unit_negatives: bool = False
) -> Tensor:
    """Each query is to find its positive among the given negatives.

        L = −1/N Σ_i log [ exp(q_i·k_i/τ) / (exp(q_i·k_i/τ) + Σ_j exp(q_i·n_j/τ)) ]

    over embeddings scaled to unit length; float32 logits, in tiles, so that memory is O((batch + negatives) · dim).

    Args:
        query, positive: ``(batch, dim)``; row i of one belongs to row i of the other.
        negatives: ``(num_negatives, dim)``, the same for every query.
        temperature: τ.
        unit_negatives: the negatives have length 1 already, as those of a queue; saves a copy of them.

    Raises:
        ValueError: shapes that don't fit, or a temperature below 1/600.

    van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, eq. 4; in this form He et
    al., Momentum Contrast, CVPR 2020, eq. 1.
    """
    positive_logit, negative_sum = _logits(query, positive, negatives, temperature, unit_negatives)
    return (torch.logaddexp(positive_logit, negative_sum) - positive_logit).mean()


def viewmaker_info_nce(
    query: Tensor, positive: Tensor, negatives: Tensor, temperature: float, unit_negatives: bool = False
) -> Tensor:
    """The form of InfoNCE in the published Viewmaker code for memory banks: the positive isn't in the denominator.

        L = −1/N Σ_i [ q_i·k_i/τ − log Σ_j exp(q_i·n_j/τ) + log K ]        for K negatives

    Negatives drawn from the whole bank may hold the positive; if they are the whole bank, L + log K is the full softmax
    of Wu et al. 2018, eq. 2. Unbounded below otherwise, and 0 for embeddings that are all equal. Arguments, errors and
    precision as in ``info_nce``.

    Tamkin, Wu & Goodman, Viewmaker Networks, ICLR 2021; as in its code.
    """
    positive_logit, negative_sum = _logits(query, positive, negatives, temperature, unit_negatives)
    return (negative_sum - math.log(len(negatives)) - positive_logit).mean()


def _logits(
    query: Tensor, positive: Tensor, negatives: Tensor, temperature: float, unit_negatives: bool
) -> tuple[Tensor, Tensor]:
    """Per query the logit of its positive and the log-sum-exp of those of the negatives."""
    query, positive = unit_pair(query, positive)
    negatives = negatives if unit_negatives else unit(negatives)
    if negatives.shape[1] != query.shape[1]:
        raise ValueError(f"negatives have {negatives.shape[1]} dimensions and queries {query.shape[1]}")
    return (query * positive).sum(1) / temperature, logsumexp_similarity(query, negatives, temperature)
