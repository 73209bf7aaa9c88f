"""The contract of a loss of many runs at once, and what is known of its optimum."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from torch import Tensor

from theory.model.moments import ViewMoments


@dataclass(frozen=True)
class QuadraticForm:
    """A population loss ``value_scale · [−2 tr(M Q) + tr(M N M N)]`` up to a constant, M = WᵀW / weight_scale².

    Args:
        diagonals: The diagonals of Q and N, each (…, directions), of the moments of a pair of views.
        weight_scale: Factor of the weights.
        value_scale: Factor of the value.
        gaussian_views: Whether the form holds for Gaussian views only.
    """

    diagonals: Callable[[ViewMoments], tuple[Tensor, Tensor]]
    weight_scale: float = 1.0
    value_scale: float = 1.0
    gaussian_views: bool = False


@dataclass(frozen=True)
class Loss(ABC):
    """A loss of the embeddings ``z1, z2`` of two views, (…, batch, dim); the leading axes are runs, which never mix.

    Subclasses are frozen dataclasses. Their fields can be axes of a sweep.

    Args:
        batch_size: Number of pairs in a batch.
    """

    batch_size: int = field(default=128, kw_only=True)

    @abstractmethod
    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Returns one differentiable value per run, (…,)."""

    @abstractmethod
    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the derivatives of each run's value by its own z1 and z2."""

    def weight_gradient(self, weight: Tensor) -> Tensor | float:
        """Returns the derivative of terms of the weights (…, dim, input) alone; 0.0 without such terms."""
        return 0.0

    def quadratic_form(self, bottleneck: bool = False) -> QuadraticForm | None:
        """Returns the quadratic form that has the optimum of infinitely many samples; None if none is known.

        Args:
            bottleneck: Whether the embedding is narrower than the features, and only the directions that it keeps are
                asked for.
        """
        return None

    def settings(self) -> dict[str, object]:
        """Returns the name and the fields, as JSON holds them."""
        return {"type": type(self).__name__, **asdict(self)}

    def with_setting(self, name: str, value: object) -> Self:
        """Returns the loss with one field changed."""
        return replace(self, **{name: value})


def known_form(loss: Loss) -> QuadraticForm:
    """Returns the quadratic form of a loss; ValueError if none is known."""
    form = loss.quadratic_form()
    if form is None:
        raise ValueError(
            f"{loss} has no closed-form optimum: give Spectral, CovarianceContrast, or InfoNCE with similarity='dot' "
            "(for the cosine see theory.closed_forms.cosine and theory.closed_forms.water_filling)"
        )
    return form
