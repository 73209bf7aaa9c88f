"""Data: batches of a data set in memory, and superimposed digits, against the usual ways to them."""

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.measure import Speed, compare
from viewlearn.data import ArrayDataset, DeviceLoader
from vision import Digits
from vision.superimposed import superimpose
from vision.superimposed.digits import digit_bank


def rows(quick: bool) -> Iterator[Speed]:
    """One epoch of 32-pixel images in batches of 256, and digits drawn over as many images."""
    number = 2048 if quick else 10240
    images = torch.randint(0, 256, (number, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    labels = torch.zeros(number, dtype=torch.int64)
    yield _epoch(images, labels, 3 if quick else 15)
    yield _digits(images, 3 if quick else 7)


def _epoch(images: torch.Tensor, labels: torch.Tensor, repeats: int) -> Speed:
    ours = DeviceLoader(ArrayDataset(images, {"object": labels}), 256)
    peer = DataLoader(TensorDataset(images, labels), 256, shuffle=True, drop_last=True)
    timing = compare({"ours": lambda: list(ours.epoch(0)), "peer": lambda: list(peer)}, repeats)
    return Speed(
        "data",
        f"one epoch of {len(images):,} images in memory, batch 256",
        str(timing["ours"]),
        str(timing["peer"]),
        timing["peer"].median / timing["ours"].median,
        "none",
        "torch's DataLoader in this process, sample by sample",
    )


def _digits(images: torch.Tensor, repeats: int) -> Speed:
    dataset, index = ArrayDataset(images), np.arange(len(images))
    glyphs = [Image.fromarray(glyph.numpy()) for glyph in digit_bank(None, "train")[0]]
    masks = [glyph.point(lambda value: 255 * (value > 0)) for glyph in glyphs]

    def paste():
        for i, image in enumerate(images.permute(0, 2, 3, 1).contiguous().numpy()):
            pasted = Image.fromarray(image)
            for corner in ((4, 4), (4, 16), (16, 4), (16, 16)):
                pasted.paste(glyphs[i % len(glyphs)].convert("RGB"), corner, masks[i % len(glyphs)])
            np.asarray(pasted)

    timing = compare({"ours": lambda: superimpose(dataset, Digits(), "train", index), "peer": paste}, repeats)
    return Speed(
        "data",
        f"digits over {len(images):,} images of 32 px",
        str(timing["ours"]),
        str(timing["peer"]),
        timing["peer"].median / timing["ours"].median,
        "none",
        "Pillow's paste, image by image",
    )
