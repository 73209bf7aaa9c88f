"""Photographs to put things in front of."""

import torch
from torch import Tensor
from torch.nn import functional

from vision.synthesis.photo_digits import photographs


def background_crops(number: int, size: int, seed: int) -> Tensor:
    """Random crops of scikit-learn's two photographs, ``(number, 3, size, size)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    crops = []
    for k in range(number):
        photograph = photographs()[k % 2]
        side = int(torch.randint(size, 300, (1,), generator=generator))
        top, left = (int(torch.randint(0, extent - side, (1,), generator=generator)) for extent in photograph.shape[1:])
        crop = photograph[None, :, top : top + side, left : left + side]
        crops.append(functional.interpolate(crop, (size, size), mode="bilinear", antialias=True))
    return torch.cat(crops)


def shrunk(picture: Tensor, size: int) -> Tensor:
    """A uint8 picture as a square of ``size`` pixels."""
    square = functional.interpolate(picture[None].float(), (size, size), mode="bilinear", antialias=True)
    return square[0].round().clamp(0, 255).to(torch.uint8)
