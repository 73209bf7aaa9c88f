"""A memory bank: one embedding per sample of the data set."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MemoryBank(nn.Module):
    """Running means of every sample's embedding, of unit length, indexed by the sample's position in the data set.

    It begins with random unit vectors, the same in every process. It is a buffer, which checkpoints contain.

    Args:
        num_samples: Number of samples in the data set.
        dim: Dimension of an embedding.
        momentum: Weight of the former value, in [0, 1).
    """

    vectors: Tensor

    def __init__(self, num_samples: int, dim: int, momentum: float):
        super().__init__()
        self.momentum = momentum
        start = torch.randn(num_samples, dim, generator=torch.Generator().manual_seed(0))
        self.register_buffer("vectors", F.normalize(start, dim=1))

    @torch.no_grad()
    def write(self, index: Tensor, z: Tensor) -> None:
        """Sets v_i ← (m v_i + (1 − m) z_i) / ‖·‖ for the given rows, in place; z is scaled to unit length first."""
        mean = self.vectors[index].lerp(F.normalize(z.to(self.vectors.dtype), dim=1), 1 - self.momentum)
        self.vectors.index_copy_(0, index, F.normalize(mean, dim=1))
