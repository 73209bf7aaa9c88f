"""What every method is: one module that owns encoder, heads and views, and turns a batch into a loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Checked
from viewlearn.data import Batch, Dataset
from viewlearn.encoders import Encoder
from viewlearn.methods.difficulty import BudgetController
from viewlearn.methods.scoring import tilted_entry
from viewlearn.views import Compose, Decisions, LearnedView, Params, Tilted, View, reverse_gradient
from viewlearn.views.pipeline import beside

Player = Literal["both", "learner", "adversary"]
Metrics = dict[str, Tensor]


class Method(nn.Module, Checked, ABC):
    """Owns the encoder, the heads and the views' pipeline; ``forward`` gives the loss of a batch.

    Accelerate prepares a method once, and training calls nothing but its ``forward``, so that gradients are averaged
    over processes. Learned views are behind a gradient reversal: one backward pass gives the encoder the gradient of
    the loss, and the views the gradient of its negative (Viewmaker's game, Tamkin et al. 2021, algorithm 1).

    A subclass writes ``forward``, taking its views from ``view`` or from ``render`` and ending in ``settle``, and
    ``update`` if it has state that is moved by something else than gradients.

    Args:
        encoder: Maps inputs in natural units to features.
        views: Pipeline from stored samples to the encoder's input, see ``viewlearn.views.pipeline``.

    Raises:
        ValueError: A ``Tilted`` view, in a method that doesn't score its candidates.

    Attributes:
        scores_candidates: Whether ``forward`` scores the candidates of a ``Tilted``, and tells ``settle`` each sample's
            loss, which one that is played by a network learns from.
        synchronizes_norms: Whether BatchNorm takes its statistics over all processes unless a run says otherwise.
    """

    scores_candidates: bool = False
    synchronizes_norms: bool = False

    def __init__(self, encoder: Encoder, views: Compose):
        super().__init__()
        self.encoder = encoder
        self.views = views
        self.tilted = tilted_entry(views)
        self.observed: frozenset[str] = frozenset()  # entries whose decisions are wanted though they may not learn
        if self.tilted is not None and not self.scores_candidates:
            raise ValueError(
                f"{type(self).__name__} doesn't score candidates, so its views can't be Tilted; SimCLR's can"
            )
        automatic = [m for m in views.modules() if isinstance(m, LearnedView) and m.automatic]
        self.controller = BudgetController(automatic) if automatic else None

    @abstractmethod
    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        """Computes the loss, a scalar, and metrics to log, detached scalars.

        Args:
            batch: Stored samples, with their positions in the data set.
            generator: Random numbers for the views' parameters.
            player: Whose gradients are needed: ``both`` in simultaneous updates; in alternating ones ``learner``
                (views are constants) and ``adversary`` (the caller has frozen everything but the views).
        """

    def check(self, dataset: Dataset) -> None:
        """Checks, before training starts, that this method can learn from a data set; by default from any.

        Raises:
            ValueError: Samples lack something that the loss needs.
        """

    def update(self) -> None:
        """Moves automatic budgets, momentum encoders and the like; called after every step of the optimizers.

        A subclass that overrides it calls it.

        Raises:
            ValueError: Budgets are automatic, and ``settle`` wasn't given a pair.
        """
        if self.controller is not None:
            self.controller.step()

    def scale_budgets(self, factor: float) -> None:
        """Sets the budgets of learned views to a part of what was chosen; automatic ones stay.

        Raises:
            ValueError: The part is below 0, and a view has no other side; or a budget is infinite.
        """
        for view in self.views.modules():
            if isinstance(view, LearnedView):
                view.scale_budget(factor)

    @property
    def projections(self) -> dict[str, nn.Module]:
        """Projection heads by the names of their embedding spaces; none by default."""
        return {}

    @property
    def adversarial(self) -> bool:
        """Whether the views have weights to learn."""
        return learns(self.views)

    def view(self, x: Tensor, generator: Generator, player: Player) -> tuple[Tensor, Decisions]:
        """Makes one view of every sample, with parameters drawn afresh."""
        return self.render(x, self.views.sample(x, generator), player)

    def render(self, x: Tensor, params: Params, player: Player) -> tuple[Tensor, Decisions]:
        """Makes the view of x under ``params``, and returns what learned views in it decided, by their paths.

        The view is behind the gradient reversal if the views learn, and has no gradient otherwise.
        """
        learned = self.adversarial and player != "learner"
        observed = [
            name
            for name, entry in self.views.entries.items()
            if learns(entry) or name == self.tilted or name in self.observed
        ]
        with nullcontext() if learned else torch.no_grad():
            x, decisions = self.views.render(x, params, observed)
        return (reverse_gradient(x) if learned else x), decisions

    @torch.no_grad()
    def view_by(self, views: View, x: Tensor, generator: Generator) -> Tensor:
        """Makes one view of every sample by other, designed views, in the method's own pipeline's place."""
        return beside(self.views, views)(x, generator)

    def settle(
        self,
        loss: Tensor,
        metrics: Metrics,
        *rendered: Decisions,
        pair: tuple[Tensor, Tensor] | None = None,
        losses: Callable[[], Tensor] | None = None,
    ) -> tuple[Tensor, Metrics]:
        """Adds what learned views want besides making it hard, and measures what they did.

        A penalty has a gradient in the views and no value in the loss, which stays what the encoder is judged by.

        Args:
            loss: The loss that the encoder decreases.
            metrics: Metrics of the method's own.
            rendered: What was decided in each rendering of the step that the views learn from; the first is measured.
            pair: Embeddings of views and of their partners, ``(batch, dim)`` each, that automatic budgets need.
            losses: Computes the loss of each sample, ``(batch,)``, that views with choices without gradient need.

        Returns:
            What ``forward`` returns.
        """
        for path, decision in rendered[0].items():
            with torch.no_grad():
                measured = decision.learned.measure(decision)
            penalty = decision.learned.penalty([decisions[path] for decisions in rendered])
            if penalty is not None:
                loss = loss + (penalty - penalty.detach())
                measured["penalty"] = penalty.detach()
            if decision.learned.chooses and losses is not None:
                with torch.no_grad():
                    told = losses()
                choices = decision.learned.through_choices([decisions[path] for decisions in rendered], told)
                if choices is not None:
                    loss = loss + (choices - choices.detach())
            if decision.learned.automatic:
                measured["budget"] = decision.learned.budget_now
            metrics |= {f"{path}/{name}": value for name, value in measured.items()}
        if self.controller is not None and pair is not None:
            metrics["found"] = self.controller.record(*pair)
        return loss, metrics


def must_be_designed(**views: View | None) -> None:
    """Checks that views beside a method's own don't learn, since none but its own play against the encoder.

    Args:
        views: Views by the name of the argument that they were given as.

    Raises:
        ValueError: One has weights to learn, or chooses among candidates.
    """
    for name, each in views.items():
        if each is not None and (learns(each) or any(isinstance(module, Tilted) for module in each.modules())):
            raise ValueError(f"{name} has learned views; those belong into the method's own views, where they learn")


def learns(module: nn.Module) -> bool:
    """Whether a view has weights to learn."""
    return any(parameter.requires_grad for parameter in module.parameters())
