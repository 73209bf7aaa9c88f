"""Softmax weights of a given KL divergence, and the divergence of the law that choosing by them has."""

import functools
import math

import torch
from torch import Tensor

NUM_HALVINGS = 40
NUM_SETS = 8192  # of candidates, from which the law of a choice is computed
NUM_SLOPES = 48  # 1/λ for which it is
NUM_CELLS = 24  # of the candidates' quantiles, over which the law is a step function


def tilted_weights(scores: Tensor, divergence: float | Tensor) -> Tensor:
    """Computes ``w = softmax(scores / λ)`` with the temperature λ of each row at which KL(w ‖ uniform) is as given.

    ::

        KL(w ‖ uniform) = log K + Σ_k w_k log w_k,   between 0 (λ = ∞) and log K (λ → 0, the highest score alone)

    Rows whose scores are all equal get uniform weights; where the divergence is out of reach because the highest score
    occurs several times, these share the weight. Float32 or float64, without gradient.

    Args:
        scores: ``(batch, K)``.
        divergence: KL divergence in nats, a number or ``(batch, 1)``; infinite for the highest score alone.
    """
    scores = scores.detach().to(torch.promote_types(scores.dtype, torch.float32))
    if scores.shape[1] == 1:
        return torch.ones_like(scores)
    gaps = scores - scores.amax(1, keepdim=True)
    scale = gaps.amin(1, keepdim=True).abs().clamp_min(torch.finfo(scores.dtype).tiny)
    gaps = gaps / scale  # from −1 to 0, so that one range of slopes serves all rows
    low, high = torch.full_like(scale, -12.0), torch.full_like(scale, 24.0)  # logarithms of 1/λ
    for _ in range(NUM_HALVINGS):
        middle = (low + high) / 2
        above = kl_to_uniform(torch.softmax(gaps * middle.exp(), 1)) > divergence
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return torch.softmax(gaps * low.exp(), 1)


def kl_to_uniform(weights: Tensor) -> Tensor:
    """Returns the KL divergence of ``(batch, K)`` weights from uniform ones in nats, ``(batch, 1)``."""
    return math.log(weights.shape[1]) + torch.special.xlogy(weights, weights).sum(1, keepdim=True)


def largest_divergence(num_candidates: int) -> float:
    """Returns the KL divergence from p of the hardest of K independent draws of p, if no two are equally hard.

    ::

        log K − (K − 1) / K
    """
    return math.log(num_candidates) - (num_candidates - 1) / num_candidates


@functools.lru_cache(maxsize=32)
def divergence_table(num_candidates: int) -> tuple[Tensor, Tensor]:
    """Tabulates the divergence of the weights against that of the law of the choice.

    A choice among K draws of p by weights w is a draw of a law q, and KL(q ‖ p) is less than KL(w ‖ uniform), as
    averaging over the other draws forgets which were there. The density q / p at a score is K times the mean weight of
    a draw with this score. It is computed by simulation for normally distributed scores, whatever their mean and
    deviation; others, from uniform to heavy-tailed ones, differ by a few percent in KL(q ‖ p).

    Returns:
        Increasing divergences of the weights, and those of the law of the choice, ``(48,)`` each, from 0 to the hardest
        of K.
    """
    generator = torch.Generator().manual_seed(0)
    quantile = torch.rand(NUM_SETS, num_candidates, generator=generator).clamp(1e-6, 1 - 1e-6)
    scores = torch.special.ndtri(quantile)
    cell = (quantile * NUM_CELLS).long().flatten()
    gaps = scores - scores.amax(1, keepdim=True)
    slopes = torch.linspace(-5.0, 7.0, NUM_SLOPES).exp()
    weights = torch.stack([torch.softmax(gaps * slope, 1) for slope in slopes])
    found = torch.stack([kl_to_uniform(each).squeeze(1) for each in weights])  # (slope, set)
    of_weights = torch.linspace(0, 1, NUM_SLOPES).square() * math.log(num_candidates)
    of_choice = []
    for divergence in of_weights:
        above = (found > divergence).int().argmax(0).clamp_min(1)  # the first slope that exceeds it, by set
        above = torch.where((found <= divergence).all(0), NUM_SLOPES - 1, above)
        low, high = (found.gather(0, index[None]).squeeze(0) for index in (above - 1, above))
        part = ((divergence - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)[:, None]
        sets = torch.arange(NUM_SETS)
        chosen = torch.lerp(weights[above - 1, sets], weights[above, sets], part)
        total = torch.zeros(NUM_CELLS).index_add(0, cell, chosen.flatten())
        density = NUM_CELLS * total / total.sum() / (NUM_CELLS * torch.bincount(cell) / len(cell))
        of_choice.append(float((total / total.sum() * density.log()).sum()))
    of_choice[0], of_choice[-1] = 0.0, largest_divergence(num_candidates)
    return of_weights, torch.tensor(of_choice).cummax(0).values
