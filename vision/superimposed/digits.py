"""Handwritten digits over images: four copies in a grid as in the paper, or one anywhere."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from viewlearn.bounds import PositiveFraction
from viewlearn.data import Split
from viewlearn.data.indexed import indexed_uniform
from vision.files import is_image, open_rgb
from vision.superimposed.overlay import Overlay

# scikit-learn's 1,797 digits come writer after writer, so that these parts have few writers in common.
SHIPPED = {"train": slice(0, 1200), "validation": slice(1200, 1400), "test": slice(1400, 1797)}
HELD_OUT = 10  # of any other source, every tenth training digit is a validation digit


class Digits(Overlay):
    """Superimposes a handwritten digit four times in a fixed 2×2 grid: "C+Digits" of the paper.

    At 32 px each copy is 10×10, at x and y of 4 and 16; for other sizes these numbers scale. As published, pixels
    without ink are transparent and all others opaque in their gray value, so that strokes have dark edges. Train,
    validation and test digits are disjoint. (The published code draws training digits at test time too, and draws
    anew at every access.)

    Reference: Tamkin, Glasgow, He and Goodman, "Feature Dropout", NeurIPS 2023, section 4.

    Args:
        root: A folder ``{train,test}/LABEL/*.png`` (or another format), or the root of torchvision's MNIST; by default
            the 8×8 digits that scikit-learn ships.

    Raises:
        ValueError: (when used) a root that holds neither.
    """

    task = "digit"
    classes = tuple("0123456789")

    def __init__(self, root: str | None = None):
        self.root = root

    def render(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        height, width = (max(1, round(10 * side / 32)) for side in size)
        bank, labels = _resized_bank(self.root, split, height, width)
        choice = (indexed_uniform(seed, f"{split} digit", index, 1)[:, 0] * len(bank)).astype(np.int64)
        ink = bank[choice]
        gray = torch.zeros(len(index), *size, dtype=torch.uint8)
        for y in (round(4 * size[0] / 32), round(16 * size[0] / 32)):
            for x in (round(4 * size[1] / 32), round(16 * size[1] / 32)):
                gray[:, y : y + height, x : x + width] = ink
        opacity = (gray > 0).to(torch.uint8).mul_(255)
        return torch.stack([gray, gray, gray, opacity], dim=1), labels[choice]


class ScatteredDigit(Overlay):
    """Superimposes one handwritten digit at a random place and size, with a contrasting outline to keep it legible.

    The digit's side is uniform between ``smallest`` and ``largest`` times the image's shorter side, its place uniform
    where it fits. Ink is white with a black outline; colored ink is uniform in RGB, and white-outlined where dark.

    Args:
        root: Source of the digits, see ``Digits``.
        smallest: Smallest side of the digit, as a fraction of the image's.
        largest: Largest side of the digit, as a fraction of the image's.
        colored: Whether each digit has a random color. The color tells images apart as well as the digit does, so
            that contrastive learning may learn it instead.

    Raises:
        ValueError: A smallest size above the largest; (when used) a root without digits.
    """

    task = "digit"
    classes = tuple("0123456789")

    def __init__(
        self,
        root: str | None = None,
        smallest: PositiveFraction = 0.6,
        largest: PositiveFraction = 0.9,
        colored: bool = False,
    ):
        if smallest > largest:
            raise ValueError(f"smallest is {smallest}; it must be at most largest, {largest}")
        self.root, self.smallest, self.largest, self.colored = root, smallest, largest, colored

    def render(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        bank, labels = digit_bank(self.root, split)
        drawn = torch.from_numpy(indexed_uniform(seed, f"{split} scattered digit", index, 7)).float()
        choice = (drawn[:, 0] * len(bank)).long()
        side = (self.smallest + (self.largest - self.smallest) * drawn[:, 1]) * min(size)
        coverage = place_glyphs(bank[choice], drawn[:, 2:4], side, size)
        outlined = F.max_pool2d(coverage, 3, stride=1, padding=1)
        color = drawn[:, 4:7, None, None] if self.colored else torch.ones(len(index), 3, 1, 1)
        outline = (color.mean(1, keepdim=True) < 0.5).float()
        ink = coverage * color + (1 - coverage) * outline
        return torch.cat([ink, outlined], dim=1).mul_(255).round_().to(torch.uint8), labels[choice]


def place_glyphs(glyphs: Tensor, corner: Tensor, side: Tensor, size: tuple[int, int]) -> Tensor:
    """Puts glyphs into images, as coverage ``(n, 1, height, width)`` in [0, 1].

    Args:
        glyphs: ``(n, height, width)`` uint8.
        corner: ``(n, 2)`` x and y in [0, 1]: 0 is at the left or upper border of the image, 1 at the other one.
        side: ``(n,)`` sides that glyphs are resized to, in pixels.
        size: Height and width of the images in pixels.
    """
    axes = []
    for extent, along in ((size[1], corner[:, 0]), (size[0], corner[:, 1])):
        start = along * (extent - side)
        pixels = torch.arange(extent) + 0.5
        axes.append((pixels - start[:, None]) / side[:, None] * 2 - 1)
    x, y = axes
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), dim=-1)
    smooth = F.grid_sample(glyphs[:, None].float() / 255, grid, align_corners=False)
    return (smooth * 2 - 0.5).clamp_(0, 1)  # enlarged strokes are blurred; this gives them an edge again


@lru_cache
def _resized_bank(root: str | None, split: Split, height: int, width: int) -> tuple[Tensor, Tensor]:
    glyphs, labels = digit_bank(root, split)
    if glyphs.shape[1:] == (height, width):
        return glyphs, labels
    resized = F.interpolate(glyphs[:, None].float(), (height, width), mode="bicubic", antialias=True)
    return resized[:, 0].round_().clamp_(0, 255).to(torch.uint8), labels


@lru_cache
def digit_bank(root: str | None, split: Split) -> tuple[Tensor, Tensor]:
    """Reads the digits of a split, which no other split has.

    Returns:
        Digits ``(n, side, side)`` uint8, white on black, and labels ``(n,)`` int64.

    Raises:
        ValueError: A root that holds no digits.
    """
    if root is None:
        from sklearn.datasets import load_digits  # here, so that other overlays don't load scikit-learn

        values, target = load_digits(return_X_y=True)
        gray = torch.from_numpy(values[SHIPPED[split]] * (255 / 16)).round().to(torch.uint8).view(-1, 8, 8)
        # A margin like that of MNIST's digits: about a seventh of the side.
        return F.pad(gray, (1, 1, 1, 1)), torch.from_numpy(target[SHIPPED[split]]).long()
    folder = "test" if split == "test" else "train"
    if (Path(root) / folder / "0").is_dir():
        images, labels = _read_folder(Path(root) / folder)
    elif (Path(root) / "MNIST" / "raw").is_dir():
        from torchvision.datasets import MNIST  # here, so that other digits don't load torchvision

        source = MNIST(root, train=folder == "train")
        images, labels = source.data, source.targets.long()
    else:
        raise ValueError(
            f"no digits in {root!r}: expected {{train,test}}/LABEL/*.png, or MNIST/raw/* as torchvision has it"
        )
    if split == "test":
        return images, labels
    held_out = torch.arange(len(images)) % HELD_OUT == 0
    keep = held_out if split == "validation" else ~held_out
    return images[keep], labels[keep]


def _read_folder(folder: Path) -> tuple[Tensor, Tensor]:
    paths = sorted(filter(is_image, folder.glob("[0-9]/*")))
    if not paths:
        raise ValueError(f"no digits in {str(folder)!r}: expected LABEL/*.png")
    images = torch.from_numpy(np.stack([np.asarray(open_rgb(path).convert("L")) for path in paths]))
    return images, torch.tensor([int(path.parent.name) for path in paths])
