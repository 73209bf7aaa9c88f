"""A designed view whose draws are tilted towards the hard ones, or the easy ones."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Bounds, Channels, Count, Pixels, Width
from viewlearn.views import draw
from viewlearn.views.decision import Decision
from viewlearn.views.learned.tilt import divergence_table, kl_to_uniform, largest_divergence, tilted_weights
from viewlearn.views.learned.transport import Transport
from viewlearn.views.learned.view import LearnedView
from viewlearn.views.params import Params, map_params
from viewlearn.views.view import View

Play = Literal["selection", "network"]
Toward = Literal["hard", "easy"]


# No more than candidates can reach, which is less than ten nats; or infinite, which takes the hardest of them.
Nats = Annotated[float, Bounds(0, 1000)] | Annotated[float, Bounds(math.inf, math.inf)]


class Tilted(LearnedView):
    """Draws from a designed view, hard draws more often, within a budget of KL divergence.

    A designed view is a distribution p of parameters. The adversary that may move away from p by at most κ nats plays::

        q(θ | x) ∝ p(θ) exp(ℓ(x, θ) / λ),    KL(q ‖ p) = κ

    with ℓ the loss of the view, and λ solved for in each sample. κ = 0 is the designed view. There are two ways to play
    it.

    *By selection*: of K candidates θ_k ~ p, number k is chosen with the probability softmax(ℓ_k / λ), so that the law
    of the chosen draw has the budget. An infinite κ is the hardest of K, whose divergence from p is
    log K − (K − 1) / K; more than that needs more candidates. The law's divergence is computed for normally distributed
    losses (``divergence_table``). Parameters: ``candidates``, each parameter of the view as (batch, K, …); ``place``
    (batch,), uniform in [0, 1), which picks one; ``score`` (batch, K), the losses. ``sample`` draws the first two and
    leaves the scores at 0, where every candidate is as likely; a method puts its losses there before it makes the view
    (``Method.choose``), and what it made replays from these parameters.

    *By a network*, which predicts from x how hard draws are, without making candidates: what a view draws is a function
    of uniform numbers, each number's interval is cut into cells, and ℓ is a sum of a score for each cell that is hit
    (``Transport``). The network learns from the gradient that the view has in what is drawn (the box of a crop, factors
    of colors), and where it has none (whether an entry applies, an order, quarter turns) by the score function, from
    the losses of the samples and their mean as a baseline. Noise, fields of more than 64 numbers and integers of more
    than 64 values are drawn as designed. The divergence is that of the numbers, which no function of them exceeds;
    where the view is a one-to-one function of them it is that of its parameters. Parameters: ``draw0`` …, the uniform
    numbers of one draw of the view each, (batch, …).

    Known: the hardest of K draws (Ferreira et al., Hard View Pretraining, ICLR 2025, scores pairs of views), the tilted
    distribution as a best response, the score function as an estimator. Ours: the budget in nats of the law of the
    choice, and one network for the draws of any designed view, with the same budget by construction.

    Args:
        view: Designed view, such as a preset of views.
        budget: Divergence κ of the draws from the designed ones in nats, at least 0; or ``auto``.
        num_candidates: Number K of draws among which one is chosen by selection.
        toward: ``hard`` draws, or ``easy`` ones, as a curriculum has first.
        scored_at: Resolution at which candidates are scored: ``half`` costs a quarter.
        play: How the adversary plays: by ``selection`` among candidates, or by a ``network``.
        width: Base number of channels of the network, see ``CoarseNetwork``.
        channels: Number of channels of x, for a network; from the data.
        size: Height and width of x, for a network; from the data.
        num_samples: Number of samples of waveforms, for a network; from the data.

    Raises:
        ValueError: A view with weights, fewer than 2 candidates, a budget that so few candidates or cells can't reach;
            by a network, a missing shape of x, or a view that draws nothing that could be tilted.
    """

    _table: Tensor | None

    def __init__(
        self,
        view: View,
        budget: Nats | Literal["auto"] = 0.3,
        num_candidates: Annotated[int, Bounds(2, 1000)] = 4,
        toward: Toward = "hard",
        scored_at: Literal["full", "half"] = "half",
        play: Play = "selection",
        width: Channels = 8,
        channels: Width | None = None,
        size: tuple[Pixels, Pixels] | None = None,
        num_samples: Count | None = None,
    ):
        if any(parameter.requires_grad for parameter in view.parameters()):
            raise ValueError(f"Tilted changes the draws of a designed view; the {type(view).__name__} learns")
        self.num_candidates, self.play = num_candidates, play
        transport = None
        self._most = largest_divergence(num_candidates)
        if play == "network":
            transport = Transport(view, _shape(view, channels, size, num_samples), width)
            self._most = transport.largest
        super().__init__(budget, usual=min(0.3, 0.5 * self._most))
        self.largest_budget = self._most
        self.view, self.transport = view, transport
        by_table = play == "selection" and budget not in (0, math.inf)
        table = torch.stack(divergence_table(num_candidates)) if by_table else None
        self.register_buffer("_table", table, persistent=False)  # on the view's device, where no step has to bring it
        self.toward: Toward = toward
        self.scored_at: Literal["full", "half"] = scored_at
        self.stage = view.stage
        self.continuous = view.continuous or play == "network"

    def check_budget(self, budget: float) -> None:
        if self.play == "network":
            if not 0 <= budget < self._most:
                raise ValueError(
                    f"budget of Tilted is {budget}; what this view draws allows [0, {self._most:.3f}) nats"
                )
        elif not (0 <= budget <= self._most or budget == math.inf):
            raise ValueError(
                f"budget of Tilted is {budget}; with {self.num_candidates} candidates it must lie in "
                f"[0, {self._most:.3f}] nats, or be infinite for the hardest"
            )

    def scale_budget(self, factor: float) -> None:
        """As in other views; below 0, draws are tilted to the other side.

        Raises:
            ValueError: The budget is infinite.
        """
        if self.automatic or factor == 1:
            return super().scale_budget(factor)
        if self.budget == math.inf:
            raise ValueError("an infinite budget has no schedule: give the divergence in nats")
        self._budget.fill_(self.budget * factor)

    @property
    def chooses(self) -> bool:
        return self.transport is not None

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        if self.transport is not None:
            return self.transport.sample(self.view, x, generator)
        number = self.num_candidates if self.automatic or self.budget > 0 else 1
        draws = [self.view.sample(x, generator) for _ in range(number)]
        place = draw.uniform(x, 0.0, 1.0, generator)
        return {"candidates": _stacked(draws), "place": place, "score": place.new_zeros(len(x), number)}

    def candidate(self, params: Params, number: int) -> Params:
        """Returns these parameters with a single candidate, so that nothing is left to choose."""
        candidates = map_params(lambda value: value[:, number : number + 1], params["candidates"])
        return {**params, "candidates": candidates, "score": params["score"][:, number : number + 1]}

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns the ``view``'s parameters, and how they came about.

        By selection, ``weights`` (batch, K) of the candidates, their ``score`` and the ``choice`` (batch,). By a
        network, the ``kl`` (batch, number) of what was drawn, and ``chosen`` (batch,), see ``Transport.resolve``.
        """
        sign = torch.where(self._budget < 0, -1.0, 1.0) * (1 if self.toward == "hard" else -1)
        if self.transport is not None:
            return self.transport.resolve(self.view, x, params, self._budget.abs(), sign)
        weights = tilted_weights(sign * params["score"], self._divergence(params["score"].shape[1]))
        place = params["place"].to(weights.dtype)[:, None]
        choice = (weights.cumsum(1) <= place).sum(1).clamp_max(weights.shape[1] - 1)
        rows = torch.arange(len(choice), device=choice.device)
        chosen = map_params(lambda value: value[rows, choice], params["candidates"])
        return {"weights": weights, "choice": choice, "score": params["score"], "view": chosen}

    def act(self, x: Tensor, resolved: Params) -> Tensor:
        return self.view.transform(x, resolved["view"])

    def describe(self, resolved: Params) -> Tensor:
        """Describes the draw that was chosen, as the designed view does."""
        return self.view.describe(map_params(torch.Tensor.detach, resolved["view"]))

    def like(self, x: Tensor) -> Tensor:
        return self.view.like(x)

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures the ``kl``: of the weights, and how much ``harder`` choices are than candidates; or of the numbers.

        A network's is also told by the entries of the view, as ``kl/crop``.
        """
        if self.transport is not None:
            return self.transport.measure(decision.resolved)
        weights, choice, score = (decision.resolved[name] for name in ("weights", "choice", "score"))
        chosen = score.gather(1, choice[:, None]).squeeze(1)
        return {"kl": kl_to_uniform(weights).mean(), "harder": (chosen - score.mean(1)).mean()}

    def same(self, params: Params, others: Params) -> Tensor:
        """Returns whether the same parameters were chosen; by a network, whether they were made of the same noise."""
        if self.transport is not None:
            return super().same(params, others)
        first, second = (self.resolve(each["place"], each)["view"] for each in (params, others))
        return self.view.same(first, second)

    def through_choices(self, decisions: Sequence[Decision], losses: Tensor) -> Tensor | None:
        chosen = torch.stack([decision.resolved["chosen"] for decision in decisions]).sum(0)
        if not chosen.requires_grad:
            return None
        others = max(1, len(losses) - 1)
        advantage = (losses - losses.mean()) * (len(losses) / others)  # beside the mean of the other samples
        return -(advantage.detach() * chosen).mean()

    def _divergence(self, num_candidates: int) -> Tensor | float:
        """The divergence of the weights with which the law of the choice has the budget."""
        if num_candidates == 1:
            return 0.0
        if not self.automatic and self.budget in (0.0, math.inf):
            return self.budget
        if self._table is None:  # the budget was set after the view was made
            self._table = torch.stack(divergence_table(self.num_candidates)).to(self._budget)
        of_weights, of_choice = self._table.to(self._budget.dtype)
        budget = self._budget.abs()
        index = torch.searchsorted(of_choice, budget).clamp(1, len(of_choice) - 1)
        low, high = of_choice.take(index - 1), of_choice.take(index)  # indexing by a number would read it
        part = ((budget - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)
        return torch.lerp(of_weights.take(index - 1), of_weights.take(index), part)


def _shape(view: View, channels: int | None, size: tuple[int, int] | None, num_samples: int | None) -> tuple[int, ...]:
    """Returns the shape of what a view reads: waveforms before the front end, and what the encoder reads behind it.

    Raises:
        ValueError: It isn't known.
    """
    shape = (1, num_samples) if view.stage == "natural" else (channels, *(size or (None,)))
    if any(each is None for each in shape):
        names = "num_samples" if view.stage == "natural" else "channels and size"
        raise ValueError(f"Tilted by a network needs {names} of what it reads; a run takes them from its data")
    return tuple(each for each in shape if each is not None)


def _stacked(draws: list[Params]) -> Params:
    """Stacks draws of the same view, the batch first: tensors ``(batch, …)`` become ``(batch, draw, …)``."""
    first = draws[0]
    return {
        name: _stacked([each[name] for each in draws])
        if isinstance(value, dict)
        else torch.stack([each[name] for each in draws], dim=1)
        for name, value in first.items()
    }
