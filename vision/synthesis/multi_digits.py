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
LARGE = 0.7  # side of the larger digit, as a fraction of the image's; the smaller one has as much at a ratio of 1


class MultiDigits(ImageData):
    """Two handwritten digits at random places, white on black: tasks ``large`` and ``small``, ten classes each.

    The larger one's side is 0.7 of the image's, the smaller one's is that over ``ratio``; they may overlap, and then
    add up. Digits are independent of each other, and those of train, validation and test are disjoint. Image i of a
    split is a pure function of (seed, split, i).

    Args:
        ratio: Side of the larger digit over that of the smaller one, 1 to 4.
        root: Source of the digits, see ``Digits``; by default those that scikit-learn ships.
        num_train: Number of training images.
        num_validation: Number of validation images.
        num_test: Number of test images.
        size: Side of the images in pixels; at a ratio of 4, the smaller digit has a sixth of it.
        seed: Seed of all random draws.

    Raises:
        ValueError: A ratio outside [1, 4], a number or a size below 1; (when read) a root without digits.

    After MultiDigits of Chen, Luo and Li, Intriguing Properties of Contrastive Losses, NeurIPS 2021, in gray as there;
    images are of three equal channels here, so that color views apply.
    """

    def __init__(
        self,
        ratio: Annotated[float, Bounds(1, 4)] = 2.0,
        root: str | None = None,
        num_train: Count = 8192,
        num_validation: Count = 1024,
        num_test: Count = 2048,
        size: Pixels = 32,
        seed: Seed = 0,
    ):
        super().__init__()
        self.ratio, self.root, self.size, self.seed = ratio, root, size, seed
        self.num: dict[Split, int] = {"train": num_train, "validation": num_validation, "test": num_test}

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {task: tuple("0123456789") for task in ("large", "small")}

    def source(self, split: Split) -> Source:
        index = np.arange(self.num[split])
        bank, classes = digit_bank(self.root, split)
        drawn = torch.from_numpy(indexed_uniform(self.seed, f"{split} two digits", index, 6)).float()
        choice = (drawn[:, :2] * len(bank)).long().clamp_(max=len(bank) - 1)
        images = torch.empty(len(index), 3, self.size, self.size, dtype=torch.uint8)
        for part in torch.arange(len(index)).split(CHUNK):
            images[part] = self._render([bank[choice[part, j]] for j in range(2)], drawn[part, 2:])
        labels = {task: classes[choice[:, j]] for j, task in enumerate(self.tasks)}
        return Source(ArrayDataset(images, labels, self.tasks), index)

    def _render(self, glyphs: list[Tensor], places: Tensor) -> Tensor:
        ink = torch.zeros(len(places), 1, self.size, self.size)
        for j, side in enumerate((LARGE, LARGE / self.ratio)):
            sides = torch.full((len(places),), side * self.size)
            ink += place_glyphs(glyphs[j], places[:, 2 * j : 2 * j + 2], sides, (self.size, self.size))
        return ink.clamp_(max=1).mul_(255).round_().to(torch.uint8).expand(-1, 3, -1, -1)
