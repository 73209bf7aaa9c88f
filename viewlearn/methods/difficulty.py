"""Budgets that set themselves: how hard views are is held, and the budget follows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from viewlearn import distributed
from viewlearn.bounds import Bounds, Positive, check_fields
from viewlearn.views import LearnedView

START = 1 / 4  # of the usual budget
SMALLEST, LARGEST = 1 / 64, 16.0  # of the usual budget


@dataclass(frozen=True)
class Difficulty:
    """How hard automatic budgets (``--views.budget auto``) keep the views.

    Args:
        found: Part of views that are to find their partner: their embedding is nearer to the other view of the same
            sample than to those of ``among − 1`` other samples.
        among: Number of candidates among which the partner is to be found, whatever the batch size, which must be as
            large at least.
        rate: How fast budgets follow: their logarithm moves by ``rate`` times the difference in each step.

    Raises:
        ValueError: A part outside (0, 1), fewer than 2 candidates, or a rate that isn't above 0.
    """

    found: Annotated[float, Bounds(0, 1, without_low=True, without_high=True)] = 0.8
    among: Annotated[int, Bounds(2, 1e9)] = 32
    rate: Positive = 0.1

    def __post_init__(self):
        check_fields(self)


class BudgetController(nn.Module):
    """Moves the budgets of learned views so that as many views find their partner as is wanted.

    ::

        log f ← log f + rate · (found − wanted),    1/64 ≤ f ≤ 16,    budget = f · usual budget of the view

    after every step, from f = ¼ on. It is an integral controller on the logarithm: if too many partners are found, all
    budgets grow by the same factor. Several automatic views in a chain share f, so that each keeps its share, the one
    that its usual budget gives it; a budget stops at the largest that makes sense for its view. The state is f and the
    budgets themselves, buffers of the method and its views, which are saved and restored with these.

    Args:
        views: Learned views with automatic budgets.
    """

    log_factor: Tensor

    def __init__(self, views: Sequence[LearnedView]):
        super().__init__()
        self.settings = Difficulty()
        self.views = list(views)  # a list, which torch doesn't register: they are the pipeline's
        self.register_buffer("log_factor", torch.tensor(math.log(START)))
        self._found: list[Tensor] = []

    @torch.no_grad()
    def record(self, anchors: Tensor, partners: Tensor) -> Tensor:
        """Records how many views of this step have found their partner, and returns it."""
        found = found_rate(anchors, partners, self.settings.among)
        self._found.append(found)
        return found

    @torch.no_grad()
    def step(self) -> None:
        """Moves the budgets, in every process by the same.

        Raises:
            ValueError: The method hasn't recorded anything.
        """
        if not self._found:
            raise ValueError(
                "--views.budget auto needs a method that tells whether views find their partner: SimCLR, …"
            )
        found = distributed.gather(torch.stack(self._found).mean().reshape(1)).mean()
        self._found.clear()
        self.log_factor.add_(self.settings.rate * (found - self.settings.found))
        self.log_factor.clamp_(math.log(SMALLEST), math.log(LARGEST))
        for view in self.views:
            view.follow(self.log_factor.exp())


def found_rate(anchors: Tensor, partners: Tensor, among: int) -> Tensor:
    """Returns the part of anchors that are nearest to their partner among so many partners, the others at random.

    ::

        1/N Σ_i C(N − 1 − r_i, among − 1) / C(N − 1, among − 1)

    with r_i the number of others that are nearer than the partner: the exact expectation over the choice of others, and
    without bias from the batch size N. Chance is 1 / among.

    Args:
        anchors: ``(batch, dim)`` embeddings.
        partners: ``(batch, dim)``, row i the partner of anchor i.
        among: Number of partners to choose from, the right one included; at most the batch size.

    Raises:
        ValueError: The batch is smaller than that.
    """
    number = len(anchors)
    if number < among:
        raise ValueError(f"the batch size is {number}; finding a partner among {among} needs at least that")
    anchors, partners = (nn.functional.normalize(z.float(), dim=1) for z in (anchors, partners))
    similarity = anchors @ partners.T
    nearer = (similarity > similarity.diagonal()[:, None]).sum(1).double()
    same = (similarity == similarity.diagonal()[:, None]).sum(1).double() - 1  # collapsed embeddings find by chance
    left = number - 1 - nearer - same / 2
    others = torch.arange(among - 1, device=similarity.device, dtype=torch.float64)
    return ((left[:, None] - others).clamp_min(0) / (number - 1 - others)).prod(1).mean().float()
