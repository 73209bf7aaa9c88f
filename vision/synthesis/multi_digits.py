"""Two handwritten digits of unequal size: the larger one may be all that is learned."""

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from viewlearn.bounds import Bounds, Count, Pixels, Seed
from viewlearn.data import ArrayDataset, Split
from viewlearn.data.indexed import indexed_uniform
from vision.data.image_data import ImageData, Source
from vision.superimposed.digits import digit_bank, place_glyphs

CHUNK = 512  # images rendered at a time; their maps then fit a cache
SMALL = 0.2  # side of the smaller digit, as a fraction of the image's


class MultiDigits(ImageData):
    """Two handwritten digits at random places, white on black: tasks ``large`` and ``small``, ten classes each.

    The smaller one's side is a fifth of the image's, the larger one's is ``ratio`` times that. They lie beside or above
    each other at random, and never overlap, so that both can be read. Digits are independent of each other, and those
    of train, validation and test are disjoint. Image i of a split is a pure function of (seed, split, i).

    Args:
        ratio: Side of the larger digit over that of the smaller one, 1 to 4.
        root: Source of the digits, see ``Digits``; by default those that scikit-learn ships.
        num_train: Number of training images.
        num_validation: Number of validation images.
        num_test: Number of test images.
        size: Side of the images in pixels; the smaller digit has a fifth of it.
        seed: Seed of all random draws.

    Raises:
        ValueError: A ratio outside [1, 4], a number or a size below 1; (when read) a root without digits.

    After MultiDigits of Chen, Luo and Li, Intriguing Properties of Contrastive Losses, NeurIPS 2021, whose canvas has
    112 px, the smaller digit 20, and overlaps. Images have three equal channels here, so that color views apply.
    """

    def __init__(
        self,
        ratio: Annotated[float, Bounds(1, 4)] = 2.0,
        root: str | None = None,
        num_train: Count = 8192,
        num_validation: Count = 1024,
        num_test: Count = 2048,
        size: Pixels = 48,
        seed: Seed = 0,
    ):
        super().__init__()
        self.ratio, self.root, self.size, self.seed = ratio, root, size, seed
        self.num: dict[Split, int] = {"train": num_train, "validation": num_validation, "test": num_test}

    @property
    def sides(self) -> tuple[float, float]:
        """Sides of the larger and the smaller digit, as fractions of the image's."""
        return SMALL * self.ratio, SMALL

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {task: tuple("0123456789") for task in ("large", "small")}

    def source(self, split: Split) -> Source:
        index = np.arange(self.num[split])
        bank, classes = digit_bank(self.root, split)
        drawn = torch.from_numpy(indexed_uniform(self.seed, f"{split} two digits", index, 8)).float()
        choice = (drawn[:, :2] * len(bank)).long().clamp_(max=len(bank) - 1)
        images = torch.empty(len(index), 3, self.size, self.size, dtype=torch.uint8)
        for part in torch.arange(len(index)).split(CHUNK):
            images[part] = self._render([bank[choice[part, j]] for j in range(2)], drawn[part, 2:])
        labels = {task: classes[choice[:, j]] for j, task in enumerate(self.tasks)}
        return Source(ArrayDataset(images, labels, self.tasks), index)

    def _render(self, glyphs: list[Tensor], drawn: Tensor) -> Tensor:
        ink = torch.zeros(len(drawn), 1, self.size, self.size)
        for bank, side, corner in zip(glyphs, self.sides, _corners(self.sides, drawn), strict=True):
            sides = torch.full((len(drawn),), side * self.size)
            ink += place_glyphs(bank, corner / (1 - side), sides, (self.size, self.size))
        return ink.clamp_(max=1).mul_(255).round_().to(torch.uint8).expand(-1, 3, -1, -1)


def _corners(sides: tuple[float, float], drawn: Tensor) -> list[Tensor]:
    """Draws left and top of both digits, ``(n, 2)`` each as fractions of the image's side, apart along one axis.

    Args:
        sides: Sides of both.
        drawn: ``(n, 6)``, uniform in [0, 1).
    """
    slack = 1 - sum(sides)
    before = slack * drawn[:, 0]
    between = (slack - before) * drawn[:, 1]
    first = drawn[:, 2] < 0.5  # whether the larger one comes first
    apart = [
        torch.where(first, before, before + sides[1] + between),
        torch.where(first, before + sides[0] + between, before),
    ]
    across = [(1 - side) * drawn[:, 3 + j] for j, side in enumerate(sides)]
    beside = drawn[:, 5, None] < 0.5
    pairs = [(torch.stack([a, b], 1), torch.stack([b, a], 1)) for a, b in zip(apart, across, strict=True)]
    return [torch.where(beside, one, other) for one, other in pairs]
