"""A designed view whose draws are tilted towards the hard ones, or the easy ones."""

import math
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Bounds
from viewlearn.views import draw
from viewlearn.views.decision import Decision
from viewlearn.views.learned.tilt import divergence_table, kl_to_uniform, largest_divergence, tilted_weights
from viewlearn.views.learned.view import LearnedView
from viewlearn.views.params import Params, map_params
from viewlearn.views.view import View

Toward = Literal["hard", "easy"]


# No more than candidates can reach, which is less than ten nats; or infinite, which takes the hardest of them.
Nats = Annotated[float, Bounds(0, 1000)] | Annotated[float, Bounds(math.inf, math.inf)]


class Tilted(LearnedView):
    """Draws several candidates of a designed view and chooses one of them, hard ones more often, within a KL budget.

    A designed view is a distribution p of parameters. The adversary that may move away from p by at most κ nats plays::

        q(θ | x) ∝ p(θ) exp(ℓ(x, θ) / λ),    KL(q ‖ p) = κ

    with ℓ the loss of the view. It is played by selection: of K candidates θ_k ~ p, number k is chosen with the
    probability softmax(ℓ_k / λ), and λ is solved for in each sample, so that the law of the chosen draw has the budget.
    κ = 0 is the designed view, draw for draw; an infinite κ is the hardest of K, whose divergence from p is
    log K − (K − 1) / K; more than that needs more candidates. The law's divergence is computed for normally distributed
    losses (``divergence_table``). Parameters: ``candidates``, each parameter of the view as (batch, K, …); ``place``
    (batch,), uniform in [0, 1), which picks one; ``score`` (batch, K), the losses. ``sample`` draws the first two and
    leaves the scores at 0, where every candidate is as likely; a method puts its losses there before it makes the view
    (``SimCLR.choose``), and what it made replays from these parameters.

    Known: the hardest of K draws (Ferreira et al., Hard View Pretraining, ICLR 2025, scores pairs of views), the tilted
    distribution as a best response. Ours: the budget in nats of the law of the choice, for anything in between.

    Args:
        view: Designed view, such as a preset of views.
        budget: Divergence κ of the chosen draws from the designed ones in nats, at least 0; or ``auto``.
        num_candidates: Number K of draws among which one is chosen.
        toward: ``hard`` draws, or ``easy`` ones, as a curriculum has first.
        scored_at: Resolution at which candidates are scored: ``half`` costs a quarter.

    Raises:
        ValueError: A view with weights, fewer than 2 candidates, a budget that so few candidates can't reach.
    """

    _table: Tensor | None

    def __init__(
        self,
        view: View,
        budget: Nats | Literal["auto"] = 0.3,
        num_candidates: Annotated[int, Bounds(2, 1000)] = 4,
        toward: Toward = "hard",
        scored_at: Literal["full", "half"] = "half",
    ):
        if any(parameter.requires_grad for parameter in view.parameters()):
            raise ValueError(f"Tilted chooses among draws of a designed view; the {type(view).__name__} learns")
        self.num_candidates = num_candidates
        super().__init__(budget, usual=min(0.3, 0.5 * largest_divergence(num_candidates)))
        self.largest_budget = largest_divergence(num_candidates)
        self.view = view
        table = torch.stack(divergence_table(num_candidates)) if budget not in (0, math.inf) else None
        self.register_buffer("_table", table, persistent=False)  # on the view's device, where no step has to bring it
        self.toward: Toward = toward
        self.scored_at: Literal["full", "half"] = scored_at
        self.stage = view.stage
        self.continuous = view.continuous

    def check_budget(self, budget: float) -> None:
        most = largest_divergence(self.num_candidates)
        if not (0 <= budget <= most or budget == math.inf):
            raise ValueError(
                f"budget of Tilted is {budget}; with {self.num_candidates} candidates it must lie in [0, {most:.3f}] "
                "nats, or be infinite for the hardest"
            )

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        number = self.num_candidates if self.automatic or self.budget > 0 else 1
        draws = [self.view.sample(x, generator) for _ in range(number)]
        place = draw.uniform(x, 0.0, 1.0, generator)
        return {"candidates": _stacked(draws), "place": place, "score": place.new_zeros(len(x), number)}

    def candidate(self, params: Params, number: int) -> Params:
        """Returns these parameters with a single candidate, so that nothing is left to choose."""
        candidates = map_params(lambda value: value[:, number : number + 1], params["candidates"])
        return {**params, "candidates": candidates, "score": params["score"][:, number : number + 1]}

    def resolve(self, x: Tensor, params: Params) -> Params:
        """Returns ``weights`` (batch, K) of the candidates, the ``choice`` (batch,) and the ``view``'s parameters."""
        sign = 1 if self.toward == "hard" else -1
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
        return self.view.describe(resolved["view"])

    def like(self, x: Tensor) -> Tensor:
        return self.view.like(x)

    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures the ``kl`` of the weights, and how much ``harder`` chosen draws are than the mean candidate."""
        weights, choice, score = (decision.resolved[name] for name in ("weights", "choice", "score"))
        chosen = score.gather(1, choice[:, None]).squeeze(1)
        return {"kl": kl_to_uniform(weights).mean(), "harder": (chosen - score.mean(1)).mean()}

    def same(self, params: Params, others: Params) -> Tensor:
        """Returns whether the same parameters were chosen."""
        first, second = (self.resolve(each["place"], each)["view"] for each in (params, others))
        return self.view.same(first, second)

    def _divergence(self, num_candidates: int) -> Tensor | float:
        """The divergence of the weights with which the law of the choice has the budget."""
        if num_candidates == 1:
            return 0.0
        if not self.automatic and self.budget in (0.0, math.inf):
            return self.budget
        if self._table is None:  # the budget was set after the view was made
            self._table = torch.stack(divergence_table(self.num_candidates)).to(self._budget)
        of_weights, of_choice = self._table.to(self._budget.dtype)
        index = torch.searchsorted(of_choice, self._budget).clamp(1, len(of_choice) - 1)
        low, high = of_choice.take(index - 1), of_choice.take(index)  # indexing by a number would read it
        part = ((self._budget - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)
        return torch.lerp(of_weights.take(index - 1), of_weights.take(index), part)


def _stacked(draws: list[Params]) -> Params:
    """Stacks draws of the same view, the batch first: tensors ``(batch, …)`` become ``(batch, draw, …)``."""
    first = draws[0]
    return {
        name: _stacked([each[name] for each in draws])
        if isinstance(value, dict)
        else torch.stack([each[name] for each in draws], dim=1)
        for name, value in first.items()
    }
