"""Simple shapes over images: "C+Shapes" of the paper."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from viewlearn.data import Split
from viewlearn.data.indexed import indexed_uniform
from vision.superimposed.overlay import Overlay

OPACITY = 180  # of 255
SUPERSAMPLING = 8  # samples along each side of a pixel


class Shapes(Overlay):
    """Superimposes a square, triangle or circle on the center third, half transparent, in a random color: "C+Shapes".

    The opacity is 180/255; the triangle stands on its base. Edges are antialiased (published: hard).

    Reference: Tamkin, Glasgow, He and Goodman, "Feature Dropout", NeurIPS 2023, section 4.
    """

    task = "shape"
    classes = ("square", "triangle", "circle")

    def render(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        drawn = indexed_uniform(seed, f"{split} shape", index, 4)
        labels = (drawn[:, 0] * len(self.classes)).astype(np.int64)
        color = np.broadcast_to((drawn[:, 1:, None, None] * 256).astype(np.uint8), (len(index), 3, *size))
        planes = np.concatenate([color, shape_bank(size)[labels][:, None]], axis=1)
        return torch.from_numpy(planes), torch.from_numpy(labels)


@lru_cache
def shape_bank(size: tuple[int, int]) -> np.ndarray:
    """Opacities of square, triangle and circle, from 0 to 180: ``(3, height, width)`` uint8."""
    # Fine coordinates in which the center third is [-1, 1] in x and in y; y points down.
    y, x = (
        ((np.arange(side * SUPERSAMPLING) + 0.5) / (side * SUPERSAMPLING) * 6 - 3).reshape(shape)
        for side, shape in zip(size, ((-1, 1), (1, -1)), strict=True)
    )
    square = (np.abs(x) <= 1) & (np.abs(y) <= 1)
    triangle = (np.abs(x) <= (y + 1) / 2) & (y <= 1)
    circle = x**2 + y**2 <= 1
    fine = np.stack([square, triangle, circle]).reshape(3, size[0], SUPERSAMPLING, size[1], SUPERSAMPLING)
    return np.rint(fine.mean(axis=(2, 4)) * OPACITY).astype(np.uint8)
