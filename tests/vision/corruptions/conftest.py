import pytest
import torch
from sklearn.datasets import load_sample_images
from torch.nn.functional import interpolate


@pytest.fixture(scope="session")
def photographs():
    """Pieces of two photographs (batch, 3, size, size) at two sizes, quantized to 8 bits."""
    pictures = [torch.tensor(picture).permute(2, 0, 1)[None] / 255 for picture in load_sample_images().images]

    def cut(size):
        pieces = [
            interpolate(p[..., :400, left : left + 400], size, mode="area") for p in pictures for left in (0, 200)
        ]
        return (torch.cat(pieces) * 255).round() / 255

    return {32: cut(32), 96: cut(96)}
