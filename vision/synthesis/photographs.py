"""The two photographs that scikit-learn ships, and random crops of them to put things in front of."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional


@lru_cache
def photographs() -> tuple[Tensor, ...]:
    """The two photographs, each ``(3, 427, 640)`` float32 in [0, 1]."""
    from sklearn.datasets import load_sample_images  # here, so that other images don't load scikit-learn

    return tuple(torch.from_numpy(image / 255.0).permute(2, 0, 1).float() for image in load_sample_images().images)


def background_crops(number: int, size: int, seed: int) -> Tensor:
    """Random crops of the photographs, alternately of either: ``(number, 3, size, size)`` in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    crops = []
    for k in range(number):
        photograph = photographs()[k % 2]
        side = int(torch.randint(size, 300, (1,), generator=generator))
        top, left = (int(torch.randint(0, extent - side, (1,), generator=generator)) for extent in photograph.shape[1:])
        crop = photograph[None, :, top : top + side, left : left + side]
        crops.append(functional.interpolate(crop, (size, size), mode="bilinear", antialias=True))
    return torch.cat(crops)
