"""What a set-based measure of invariance is, so that one permutation test serves them all."""

from typing import Protocol

from torch import Tensor

from viewlearn.evaluation.invariance.layout import SetLayout


class SetMeasure(Protocol):
    """Features measured against a class × set × image layout.

    Everything that doesn't depend on which image lies in which set (thresholds, whitening, total variance) is computed
    once, by the constructor, so that ``scores`` is cheap enough to be called for a hundred permutations.
    """

    @property
    def layout(self) -> SetLayout:
        """Class and set of every image."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each score."""
        ...

    @property
    def invariant_is_high(self) -> bool:
        """Whether a larger score means more invariance."""
        ...

    def scores(self, set_of_image: Tensor | None = None) -> Tensor:
        """``(len(names),)`` float64 scores, with the images in the layout's own sets or in others of equal sizes."""
        ...
