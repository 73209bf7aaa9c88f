"""The order of samples as a pure function of (seed, epoch): any batch of any epoch is known without the others."""

import numpy as np
import torch
from torch import Tensor


def order(seed: int, epoch: int, num_samples: int) -> Tensor:
    """Returns a permutation of 0 … num_samples − 1, ``(num_samples,) int64``, that depends on the arguments alone.

    Raises:
        ValueError: A negative seed or epoch.
    """
    if seed < 0 or epoch < 0:
        raise ValueError(f"seed {seed} and epoch {epoch} must be 0 or more")
    # Seeds of neighboring epochs are spread over 64 bits, so that (seed 0, epoch 1) isn't (seed 1, epoch 0).
    state = np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)
    return torch.randperm(num_samples, generator=torch.Generator().manual_seed(int(state[0])))


def num_batches(num_samples: int, batch_size: int, world_size: int, drop_last: bool) -> int:
    """Returns the number of batches per epoch, the same on every rank; ``batch_size`` is one rank's."""
    total = batch_size * world_size
    return num_samples // total if drop_last else -(-num_samples // total)


def batch_indices(permutation: Tensor, batch: int, batch_size: int, rank: int = 0, world_size: int = 1) -> Tensor:
    """Returns the samples of one rank's part of batch number ``batch``.

    All ranks together read ``permutation[batch·B·W : (batch+1)·B·W]`` with B = ``batch_size`` and W =
    ``world_size``; rank r takes the r-th contiguous part. A last batch that isn't full is divided as evenly as
    possible, and may leave nothing for some ranks.
    """
    total = batch_size * world_size
    return permutation[batch * total : (batch + 1) * total].tensor_split(world_size)[rank]
