"""Capital letters over images: "C+Letters" of the paper."""

from functools import lru_cache
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from viewlearn.data import Split
from viewlearn.data.indexed import indexed_uniform
from vision.superimposed.overlay import Overlay

QUADRANTS = ((0, 0), (0, 1), (1, 0), (1, 1))  # first or second half, of y and of x
STARTS = ((0, 7), (16, 6))  # at 32 px, the least start in each half and the number of starts


class Letters(Overlay):
    """Superimposes one capital letter, once in each quadrant, opaque, in a random color: "C+Letters" of the paper.

    At 32 px letters are 12 px high with their ascenders; in each quadrant x and y start anywhere in 0 … 6 in the
    left or upper half and in 16 … 21 in the other, independently. For other sizes these numbers scale. The font is
    DejaVu Sans, which matplotlib ships (published: Arial, whose capitals have the same height). A letter always has
    the same shape, so that train and test differ in places and colors only.

    Reference: Tamkin, Glasgow, He and Goodman, "Feature Dropout", NeurIPS 2023, section 4.
    """

    task = "letter"
    classes = tuple(ascii_uppercase)

    def render(self, split: Split, index: np.ndarray, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
        scale = min(size) / 32
        bank = letter_bank(max(4, round(12 * scale)))
        drawn = indexed_uniform(seed, f"{split} letter", index, 12)
        labels = (drawn[:, 0] * len(bank)).astype(np.int64)
        glyphs = bank[labels]
        high, wide = glyphs.shape[1:]
        # Letters may stick out below and to the right, so the canvas is larger than the image.
        opacity = np.zeros((len(index), size[0] + high, size[1] + wide), np.uint8)
        row = np.arange(len(index))[:, None, None]
        for number, halves in enumerate(QUADRANTS):
            start = [
                ((STARTS[half][0] + np.floor(drawn[:, 4 + 2 * number + axis] * STARTS[half][1])) * extent / 32)
                for axis, (half, extent) in enumerate(zip(halves, size, strict=True))
            ]
            y, x = (np.rint(value).astype(np.int64)[:, None] for value in start)
            place = row, (y + np.arange(high))[:, :, None], (x + np.arange(wide))[:, None, :]
            opacity[place] = np.maximum(opacity[place], glyphs)
        color = (drawn[:, 1:4, None, None] * 256).astype(np.uint8)
        color = np.broadcast_to(color, (len(index), 3, *size))
        planes = np.concatenate([color, opacity[:, None, : size[0], : size[1]]], axis=1)
        return torch.from_numpy(planes), torch.from_numpy(labels)


@lru_cache
def letter_bank(points: int) -> np.ndarray:
    """Coverage of the 26 capitals, each at the origin of a box for any of them: ``(26, height, width)`` uint8."""
    import matplotlib  # here, so that other overlays don't load it

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(path), points)
    boxes = [font.getbbox(letter) for letter in ascii_uppercase]
    width, height = int(max(box[2] for box in boxes)), int(max(box[3] for box in boxes))
    bank = np.zeros((len(boxes), height, width), np.uint8)
    for letter, coverage in zip(ascii_uppercase, bank, strict=True):
        image = Image.new("L", (width, height))
        ImageDraw.Draw(image).text((0, 0), letter, fill=255, font=font)
        coverage[:] = np.asarray(image)
    return bank
