"""Which images belong together: every image lies in one set, every set in one class."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SetLayout:
    """The class × set × image structure of an evaluation, with contiguous labels; ``SetLayout.of`` builds it.

    A set is a trajectory T(x): the images of one thing under a transformation.

    Args:
        set_of_image: Set of each image, ``(num_images,)`` int64 in [0, num_sets).
        class_of_set: Class of each set, ``(num_sets,)`` int64 in [0, num_classes).
        set_sizes: Number of images in each set, ``(num_sets,)`` int64.
    """

    set_of_image: Tensor
    class_of_set: Tensor
    set_sizes: Tensor

    @classmethod
    def of(cls, classes: Tensor, sets: Tensor) -> "SetLayout":
        """Builds the layout from each image's class and set, both ``(num_images,)`` integers.

        Labels needn't be contiguous. Equal set labels in two classes are two sets.

        Raises:
            ValueError: There are no labels, or the two have different lengths.
        """
        if classes.ndim != 1 or classes.shape != sets.shape or len(classes) == 0:
            raise ValueError(
                f"classes has shape {tuple(classes.shape)} and sets {tuple(sets.shape)}; both must be (num_images,)"
            )
        pairs = torch.stack([classes.long(), sets.long()], dim=1)
        distinct, set_of_image, set_sizes = pairs.unique(dim=0, return_inverse=True, return_counts=True)
        _, class_of_set = distinct[:, 0].unique(return_inverse=True)
        return cls(set_of_image, class_of_set, set_sizes)

    @property
    def num_images(self) -> int:
        """Number of images."""
        return len(self.set_of_image)

    @property
    def num_sets(self) -> int:
        """Number of sets."""
        return len(self.set_sizes)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return int(self.class_of_set.max()) + 1

    @property
    def class_of_image(self) -> Tensor:
        """Class of each image, ``(num_images,)`` int64."""
        return self.class_of_set[self.set_of_image]

    def shuffled(self, within_class: bool, generator: torch.Generator) -> Tensor:
        """Deals the images to the sets anew and returns the new ``set_of_image``; every set keeps its size.

        Args:
            within_class: Whether each class's images are dealt among that class's sets only.
            generator: Source of random numbers.
        """
        random = torch.rand(self.num_images, generator=generator, device=generator.device, dtype=torch.float64)
        random = random.to(self.set_of_image.device)
        if not within_class:
            return self.set_of_image[random.argsort()]
        # Sorting by (class, random) puts the images of a class, shuffled, into the places of that class.
        classes = self.class_of_image
        places = classes.argsort(stable=True)
        dealt = (classes + random).argsort()
        shuffled = torch.empty_like(self.set_of_image)
        shuffled[dealt] = self.set_of_image[places]
        return shuffled


def sum_by(values: Tensor, index: Tensor, num: int) -> Tensor:
    """Sums rows by index: row k of the result ``(num, …)`` is the sum of the rows of ``values`` with index k."""
    return values.new_zeros(num, *values.shape[1:]).index_add_(0, index, values)


def mean_by(values: Tensor, index: Tensor, num: int) -> Tensor:
    """Averages rows by index, see ``sum_by``; a row of the result to which nothing belongs is 0."""
    counts = torch.bincount(index, minlength=num).clamp(min=1)
    return sum_by(values, index, num) / counts.reshape(-1, *[1] * (values.ndim - 1))
