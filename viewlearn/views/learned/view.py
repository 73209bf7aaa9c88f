"""What learned views share: a budget, what they decide, and what they want besides making it hard."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor

from viewlearn.bounds import Bounds, Positive
from viewlearn.views.decision import Decision, Decisions
from viewlearn.views.description import pooled
from viewlearn.views.params import Params
from viewlearn.views.view import View

Budget = Positive | Literal["auto"]
AnyBudget = Annotated[float, Bounds(0, math.inf)] | Literal["auto"]


class LearnedView(View):
    """A view whose weights are trained against an encoder (see ``reverse_gradient``), within a budget.

    ::

        params   = view.sample(x, generator)      # noise
        resolved = view.resolve(x, params)        # what is done: a mask, a field, …, within the budget
        x2       = view.act(x, resolved)          # doing it; transform is both

    A subclass writes ``sample``, ``resolve``, ``act`` and ``measure``, and ``penalty`` if it wants more than a hard
    view. Noise is the parameter, so that views replay, and a factor that is shared or held is the noise. The budget
    holds for every sample by construction: ``resolve`` normalizes each sample by itself, with a gradient, and reads the
    budget as the tensor ``self._budget``.

    What is decided has names that galleries know: ``mask`` (batch, 1, height, width) in [0, 1], 1 where x is hidden;
    ``field`` (batch, 2, height, width), where from x is read, in pixels down and to the right; ``gain_db`` (batch,
    frequency); ``box`` (batch, 4), top, left, height and width as fractions; ``delta``, what is added, in x's shape.

    Args:
        budget: Budget in the view's own unit; ``auto`` holds how hard views are for the encoder, and lets the budget
            follow (``BudgetController``).
        usual: A budget that suits most data; an automatic one starts at a quarter of it.

    Raises:
        ValueError: A budget that isn't above 0 and at most ``largest_budget``.

    Attributes:
        largest_budget: Largest budget that makes sense.
    """

    continuous = True
    largest_budget: float = math.inf

    def __init__(self, budget: AnyBudget, usual: float):
        super().__init__()
        self.automatic = budget == "auto"
        self.usual = usual
        # A tensor, so that a compiled graph reads it as an input, and a controller moves it where it lies. It is saved
        # if training decides about it.
        self.register_buffer("_budget", torch.tensor(1.0), persistent=self.automatic)
        self.budget = usual / 4 if budget == "auto" else budget

    @property
    def budget(self) -> float:
        """Budget in the view's own unit; may be set at any time."""
        return float(self._budget) if self.automatic else self._chosen_budget

    @budget.setter
    def budget(self, budget: float) -> None:
        self.check_budget(budget)
        self._chosen_budget = float(budget)
        self._budget = torch.full_like(self._budget, budget)  # a new one: a backward pass may still need the old

    @property
    def budget_now(self) -> Tensor:
        """Budget as a scalar on the view's device, for logs that don't wait for it."""
        return self._budget.detach().clone()

    def follow(self, factor: Tensor) -> None:
        """Sets an automatic budget to ``factor`` times the usual one, or to the largest that makes sense."""
        self._budget.copy_((self.usual * factor).clamp(max=self.largest_budget))

    def scale_budget(self, factor: float) -> None:
        """Sets what the view goes by to a part of the chosen budget, as a schedule has it; an automatic one stays.

        Raises:
            ValueError: The part is below 0.
        """
        if self.automatic:
            return
        if factor < 0:
            raise ValueError(
                f"a {type(self).__name__} has no budget below 0, where a schedule begins; Tilted views have"
            )
        self._budget.fill_(self._chosen_budget * factor)

    def check_budget(self, budget: float) -> None:
        """Checks that a budget makes sense.

        Raises:
            ValueError: It doesn't.
        """
        if not 0 < budget <= self.largest_budget:
            most = "" if self.largest_budget == math.inf else f" and at most {self.largest_budget:g}"
            raise ValueError(f"budget of the {type(self).__name__} is {budget}; it must be above 0{most}")

    @abstractmethod
    def resolve(self, x: Tensor, params: Params) -> Params: ...

    @abstractmethod
    def act(self, x: Tensor, resolved: Params) -> Tensor:
        """Does to x what was decided, for this or for another x of the same shape."""

    @abstractmethod
    def measure(self, decision: Decision) -> dict[str, Tensor]:
        """Measures what the view did to a batch, for the log: detached scalars by name."""

    def penalty(self, decisions: Sequence[Decision]) -> Tensor | None:
        """Returns what the view wants besides making it hard, as a scalar that it makes small; None for nothing.

        It is added to the loss of the view alone; the encoder doesn't see it.

        Args:
            decisions: What was decided in each of a step's renderings of the same samples: two in SimCLR, one in
                methods whose other view has no gradient.
        """
        return None

    def describe(self, resolved: Params) -> Tensor:
        """Describes what was decided: maps are averaged over a 2 × 2 grid of cells; without gradient.

        A view overrides this to choose, and to measure what it decided in units of its budget.
        """
        return pooled(resolved)

    @property
    def chooses(self) -> bool:
        """Whether something that is decided has no gradient, so that methods tell what each sample's loss became."""
        return False

    def through_choices(self, decisions: Sequence[Decision], losses: Tensor) -> Tensor | None:
        """Returns a scalar that the view makes small to make losses large by choices that have no gradient.

        Args:
            decisions: What was decided in each of a step's renderings, as in ``penalty``.
            losses: Loss of each sample, ``(batch,)``; their mean is the loss of the step.
        """
        return None

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return self.act(x, self.resolve(x, params))

    def observe(self, x: Tensor, params: Params) -> tuple[Tensor, Decisions]:
        resolved = self.resolve(x, params)
        view = self.act(x, resolved)
        return view, {"": Decision(self, x, resolved, view)}
