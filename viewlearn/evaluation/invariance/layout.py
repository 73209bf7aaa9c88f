"""Which images belong together: every image lies in one set, every set in one class."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SetLayout:
    """The class × set × image structure of an evaluation, with contiguous labels.

    A set is a trajectory T(x): the images of one thing under a transformation. Build it with ``SetLayout.of``.

    Args:
        set_of_image: ``(num_images,)`` int64, in [0, num_sets).
        class_of_set: ``(num_sets,)`` int64, in [0, num_classes).
        set_sizes: ``(num_sets,)`` int64, images per set.
    """

    set_of_image: Tensor
    class_of_set: Tensor
    set_sizes: Tensor

    @classmethod
    def of(cls, classes: Tensor, sets: Tensor) -> "SetLayout":
        """The layout of labels ``classes`` and ``sets``, both ``(num_images,)`` integers.

        Labels needn't be contiguous. Equal set labels in two classes are two sets.

        Raises:
            ValueError: labels of different lengths, or none.
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
        return len(self.set_of_image)

    @property
    def num_sets(self) -> int:
        return len(self.set_sizes)

    @property
    def num_classes(self) -> int:
        return int(self.class_of_set.max()) + 1

    @property
    def class_of_image(self) -> Tensor:
        """``(num_images,)`` int64."""
        return self.class_of_set[self.set_of_image]

    def shuffled(self, within_class: bool, generator: torch.Generator) -> Tensor:
        """A ``set_of_image`` with the images dealt to the sets anew; every set keeps its size.

        Args:
            within_class: deal each class's images among that class's sets only.
            generator: of random numbers.
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
    """``(num, …)``: row k is the sum of the rows of ``values`` whose ``index`` is k."""
    return values.new_zeros(num, *values.shape[1:]).index_add_(0, index, values)


def mean_by(values: Tensor, index: Tensor, num: int) -> Tensor:
    """``(num, …)``: row k is the mean of the rows of ``values`` whose ``index`` is k; 0 where there are none."""
    counts = torch.bincount(index, minlength=num).clamp(min=1)
    return sum_by(values, index, num) / counts.reshape(-1, *[1] * (values.ndim - 1))
