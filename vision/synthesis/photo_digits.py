"""Digits on photographs, made from what scikit-learn ships: the main job's data, which need no download."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from viewlearn.bounds import Count, Pixels, Seed
from viewlearn.data import ArrayDataset, Split
from viewlearn.data.indexed import indexed_uniform
from vision.data.image_data import ImageData, Source
from vision.superimposed import ScatteredDigit
from vision.synthesis.photographs import photographs

CELL = 36  # least side of a cell in pixels of the photograph
SMALLEST, LARGEST = 24, 36  # side of the window that becomes an image, in pixels of the photograph


class Region(NamedTuple):
    """A rectangle of a photograph: its number, and left, top, right and bottom in pixels."""

    photograph: int
    left: int
    top: int
    right: int
    bottom: int


# Eight parts of the 640 × 427 photographs china.jpg and flower.jpg that look different everywhere; they don't overlap.
REGIONS = {
    "sky": Region(0, 330, 0, 640, 140),
    "roof": Region(0, 105, 55, 310, 130),
    "galleries": Region(0, 85, 180, 335, 340),
    "lake": Region(0, 345, 225, 555, 300),
    "bushes": Region(0, 335, 310, 560, 425),
    "leaf": Region(1, 0, 70, 150, 320),
    "petals": Region(1, 180, 258, 430, 345),
    "heart": Region(1, 250, 145, 360, 255),
}


class PhotoDigits(ImageData):
    """Digits superimposed on parts of photographs, 32×32, with two tasks: ``digit`` (10) and ``region`` (8).

    Each of eight regions of two photographs is divided into cells. Train, validation and test windows come from
    different cells, so that they have no pixel in common, and their digits from different sets. A window's side is
    uniform in 24 … 36 px of the photograph, its place uniform in its cell; the digit is a ScatteredDigit. Image i of a
    split is a pure function of (seed, split, i).

    Args:
        num_train: Number of training images.
        num_validation: Number of validation images.
        num_test: Number of test images.
        size: Side of the images in pixels.
        seed: Seed of all random draws.
        planes: Whether samples keep photograph and digit apart, for the oracle ``RedrawOverlay``.

    Raises:
        ValueError: A number or a size below 1.
    """

    def __init__(
        self,
        num_train: Count = 8192,
        num_validation: Count = 1024,
        num_test: Count = 2048,
        size: Pixels = 32,
        seed: Seed = 0,
        planes: bool = False,
    ):
        super().__init__(ScatteredDigit(), overlay_seed=seed, planes=planes)
        self.num: dict[Split, int] = {"train": num_train, "validation": num_validation, "test": num_test}
        self.size, self.seed = size, seed

    @property
    def tasks(self) -> dict[str, tuple[str, ...]]:
        return {"region": tuple(REGIONS)}

    def source(self, split: Split) -> Source:
        index = np.arange(self.num[split])
        windows, labels = draw_windows(split, index, self.seed)
        return Source(ArrayDataset(resample(windows, self.size), {"region": labels}), index)


def draw_windows(split: Split, index: np.ndarray, seed: int) -> tuple[Tensor, Tensor]:
    """Draws square windows into the photographs, and the region that each lies in.

    Returns:
        ``(n, 4)`` float32: photograph, left, top and side in pixels; ``(n,)`` int64 labels.
    """
    drawn = torch.from_numpy(indexed_uniform(seed, f"{split} window", index, 5)).float()
    labels = (drawn[:, 0] * len(REGIONS)).long()
    windows = torch.empty(len(index), 4)
    for label, region in enumerate(REGIONS.values()):
        cells = torch.tensor(cells_of(region)[split], dtype=torch.float32)
        here = labels == label
        u = drawn[here]
        left, top, width, height = cells[(u[:, 1] * len(cells)).long()].unbind(1)
        side = SMALLEST + (LARGEST - SMALLEST) * u[:, 2]
        windows[here] = torch.stack(
            [
                torch.full_like(side, region.photograph),
                left + u[:, 3] * (width - side),
                top + u[:, 4] * (height - side),
                side,
            ],
            dim=1,
        )
    return windows, labels


def cells_of(region: Region) -> dict[Split, list[tuple[int, int, int, int]]]:
    """Divides a region into cells (left, top, width, height): an eighth for validation, a quarter for test."""
    across, down = (region.right - region.left) // CELL, (region.bottom - region.top) // CELL
    width, height = (region.right - region.left) // across, (region.bottom - region.top) // down
    cells = [
        (region.left + i * width, region.top + j * height, width, height) for j in range(down) for i in range(across)
    ]
    # The same scattered division every time, whatever the seed: it decides what the task is.
    shuffled = [cells[i] for i in np.random.RandomState(len(cells)).permutation(len(cells))]
    first, second = max(1, round(len(cells) / 8)), max(1, round(len(cells) / 8)) + max(1, round(len(cells) / 4))
    return {"validation": shuffled[:first], "test": shuffled[first:second], "train": shuffled[second:]}


def resample(windows: Tensor, size: int) -> Tensor:
    """Reads the windows' content bilinearly, as squares: ``(n, 3, size, size)`` uint8."""
    images = torch.empty(len(windows), 3, size, size, dtype=torch.uint8)
    steps = (torch.arange(size) + 0.5) / size
    for number, photograph in enumerate(photographs()):
        here = windows[:, 0] == number
        _, left, top, side = windows[here].unbind(1)
        # Half a pixel inside the window: bilinear weights then reach no pixel beyond its cell.
        inner = side[:, None] - 1
        x = (left[:, None] + 0.5 + steps * inner) / photograph.shape[2] * 2 - 1
        y = (top[:, None] + 0.5 + steps * inner) / photograph.shape[1] * 2 - 1
        grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), dim=-1)
        sampled = F.grid_sample(photograph[None], grid.reshape(1, -1, size, 2), align_corners=False)
        sampled = sampled.reshape(3, -1, size, size).transpose(0, 1)
        images[here] = sampled.mul_(255).round_().to(torch.uint8)
    return images
