"""What a view draws, call by call: recorded as numbers that its parameters are a function of, and played back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

CELLS = 8  # of equal chance, which numbers from an interval are told apart by
LARGEST = 64  # numbers of a draw, or integers to choose from, beyond which a draw is kept as it is


@dataclass(frozen=True)
class Draw:
    """One call of a function of ``viewlearn.views.draw``.

    Args:
        shape: Shape of what is drawn for each sample.
        cells: Chances of the intervals that [0, 1) is cut into, in order, for a uniform number of which what is drawn
            is a function: (p, 1 − p) of an event, 1/n of each of n integers, eight equal ones of numbers from an
            interval and of normal ones. Empty if it is kept as it is: what is drawn is always the same, is an integer
            of many, or has more than 64 numbers for each sample, such as noise.
        discrete: Whether nothing but the cell matters.
        repeats: Whether numbers behind the first are attempts for where it is refused.
    """

    shape: tuple[int, ...]
    cells: tuple[float, ...]
    discrete: bool = False
    repeats: bool = False

    @property
    def num_told(self) -> int:
        """How many of the numbers have these cells: none, the first of attempts, or all."""
        if not self.cells:
            return 0
        return 1 if self.repeats else torch.Size(self.shape).numel()


class Tape(Generator):
    """A generator that records the numbers behind what a view draws, or has the view draw from given ones.

    ::

        tape = Tape(generator)
        params = view.sample(x, tape)                    # tape.numbers, each (batch, *shape), say what was drawn
        params = view.sample(x, Tape(numbers=numbers))   # a function of these numbers, with a gradient

    A view that draws by the functions of ``viewlearn.views.draw`` thereby tells the distribution of its parameters: it
    is the law of ``sample`` of uniform numbers, whatever view it is.

    Args:
        generator: Source of random numbers.
        numbers: What to draw from, in order, in place of random numbers.
    """

    def __new__(cls, generator: Generator | None = None, numbers: Sequence[Tensor] | None = None) -> "Tape":
        return super().__new__(cls)

    def __init__(self, generator: Generator | None = None, numbers: Sequence[Tensor] | None = None):
        self.generator = generator
        self.numbers: list[Tensor] = []
        self.draws: list[Draw] = []
        self._given: Iterator[Tensor] | None = None if numbers is None else iter(numbers)

    def take(self, draw: Draw, fresh: Callable[[Generator | None], Tensor]) -> Tensor:
        """Returns the next numbers: given ones, or fresh ones, which are recorded.

        Args:
            draw: What is drawn.
            fresh: Draws the numbers from a generator.
        """
        number = fresh(self.generator) if self._given is None else next(self._given)
        self.draws.append(draw)
        self.numbers.append(number)
        return number


def even(shape: tuple[int, ...], number: int = CELLS, discrete: bool = False, repeats: bool = False) -> Draw:
    """Describes a draw whose cells are as likely, one cell for each of ``number`` integers."""
    small = torch.Size(shape).numel() <= LARGEST and 1 < number <= LARGEST
    return Draw(shape, (1 / number,) * number if small else (), discrete, repeats)


def event(shape: tuple[int, ...], probability: float) -> Draw:
    """Describes a draw of events, which happen with a probability."""
    open_ended = torch.Size(shape).numel() <= LARGEST and 0 < probability < 1
    return Draw(shape, (probability, 1 - probability) if open_ended else (), discrete=True)
