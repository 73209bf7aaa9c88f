"""Drawing a subset of samples: the same one wherever the same seed asks for it."""

import torch
from torch import Generator, Tensor


def subset(num_samples: int, num: int, seed: int | Generator) -> Tensor:
    """Draws ``num`` of the positions 0 … num_samples − 1 without replacement, in random order.

    A smaller subset of the same seed is the beginning of a larger one.

    Args:
        num_samples: Number of samples to draw from.
        num: Number of samples drawn; all of them, shuffled, where there are no more.
        seed: Seed of this draw, or a CPU generator that goes on.

    Returns:
        ``(min(num, num_samples),)`` int64.
    """
    generator = seed if isinstance(seed, Generator) else Generator().manual_seed(seed)
    return torch.randperm(num_samples, generator=generator)[:num]
