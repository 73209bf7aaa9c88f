"""Resizing stored images."""

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 512  # images resized at a time; bounds the intermediate memory


def resized(images: Tensor, size: int) -> Tensor:
    """uint8 images ``(num, channel, height, width)`` as squares of ``size`` pixels, bilinear with antialiasing."""
    if images.shape[-2:] == (size, size):
        return images
    chunks = [
        functional.interpolate(chunk.float(), (size, size), mode="bilinear", antialias=True)
        for chunk in images.split(CHUNK)
    ]
    return torch.cat([chunk.round().clamp(0, 255).to(torch.uint8) for chunk in chunks])
