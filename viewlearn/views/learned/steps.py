"""Laws of uniform numbers whose densities are steps: tilted by scores to a given divergence, and drawn by transport."""

import torch
from torch import Tensor

NUM_HALVINGS = 24
RANGE = (-4.0, 8.0)  # of the logarithm of 1/λ, beside the one that is right for a small divergence


def tilted_steps(log_chances: Tensor, scores: Tensor, divergence: Tensor) -> Tensor:
    """Tilts the chances of cells to ``q ∝ p exp(scores / λ)``, λ such that each sample's KL(q ‖ p) is as given.

    Numbers are independent, so that the divergence is the sum of those of the numbers. λ is found by bisection, without
    gradient; a Newton step behind it removes what is left, and has the gradient of the exact λ (that of the implicit
    function). Where scores are too equal or cells too few for the divergence, λ is the smallest of its range.

    Args:
        log_chances: ``(number, cell)`` logarithms of p, −∞ where there is no cell.
        scores: ``(batch, number, cell)``.
        divergence: Divergence in nats, a scalar of at least 0.

    Returns:
        ``(batch, number, cell)`` logarithms of q, in float32 or float64.
    """
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    chances = log_chances.to(scores.dtype).exp()
    log_chances, divergence = log_chances.to(scores.dtype), divergence.to(scores.dtype)
    centered = scores - (chances * scores).sum(2, keepdim=True)
    spread = ((chances * centered.square()).sum((1, 2), keepdim=True) + 1e-12).sqrt()
    scores = centered / spread
    with torch.no_grad():
        fixed = scores.detach()
        first = (2 * divergence).sqrt()
        low, high = (torch.full_like(spread, end) for end in RANGE)
        reached = _divergence(log_chances, fixed, first * high.exp()) > divergence
        for _ in range(NUM_HALVINGS):
            middle = (low + high) / 2
            above = _divergence(log_chances, fixed, first * middle.exp()) > divergence
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        slope = first * ((low + high) / 2).exp()
        q = torch.softmax(log_chances + slope * fixed, 2)
        variance = (q * fixed.square()).sum(2) - (q * fixed).sum(2).square()
        rate = (slope * variance.sum(1)[:, None, None]).clamp_min(1e-6)  # of the divergence in the slope
    correction = (_divergence(log_chances, scores, slope) - divergence) / rate
    slope = torch.where(reached, slope - correction, slope)
    return torch.log_softmax(log_chances + slope * scores, 2)


def divergences(log_q: Tensor, log_chances: Tensor) -> Tensor:
    """Returns KL(q ‖ p) of each number: ``(batch, number)``."""
    ratio = torch.where(log_chances.isinf(), 0.0, log_q - log_chances)
    return (log_q.exp() * ratio).sum(2)


def transported(unit: Tensor, log_q: Tensor, log_chances: Tensor, discrete: Tensor) -> tuple[Tensor, Tensor]:
    """Moves uniform numbers to ones of the law q, by its quantile function: the same number to the same place.

    The density of q / p is a step function of the cells, so that the quantile function is piecewise linear; it is
    continuous in q, and has a gradient in it. A discrete number is moved to the middle of its cell.

    Args:
        unit: ``(batch, number)`` uniform in [0, 1).
        log_q: ``(batch, number, cell)`` logarithms of the chances of the cells.
        log_chances: ``(number, cell)`` those of uniform numbers, −∞ where there is no cell.
        discrete: ``(number,)`` booleans.

    Returns:
        The moved numbers, and the cells that they are in, ``(batch, number)`` each.
    """
    q, p = log_q.exp(), log_chances.to(log_q.dtype).exp()
    ends, edges = q.cumsum(2), p.cumsum(1)
    last = p.count_nonzero(1) - 1
    cell = torch.minimum((ends <= unit[:, :, None]).sum(2), last)
    here = cell[:, :, None]
    of_q, of_p = q.gather(2, here).squeeze(2), p.expand_as(q).gather(2, here).squeeze(2)
    end, edge = ends.gather(2, here).squeeze(2), edges.expand_as(q).gather(2, here).squeeze(2)
    part = ((unit - end) / of_q.clamp_min(torch.finfo(q.dtype).tiny) + 1).clamp(0, 1)
    moved = edge - of_p + of_p * torch.where(discrete, 0.5, part)
    return moved.clamp(0, 1 - 2.0**-24), cell


def _divergence(log_chances: Tensor, scores: Tensor, slope: Tensor) -> Tensor:
    """Returns the divergence of each sample's law, ``(batch, 1, 1)``."""
    log_q = torch.log_softmax(log_chances + slope * scores, 2)
    return divergences(log_q, log_chances).sum(1)[:, None, None]
