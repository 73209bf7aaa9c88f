"""A queue of keys: the negatives of MoCo."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from viewlearn.bounds import Count, Width, checked


class Queue(nn.Module):
    """The newest ``size`` keys, of unit length, in a ring that is written in place.

    It begins with random unit vectors, the same in every process, as in MoCo's code. It is a buffer, which checkpoints
    contain.

    Args:
        size: Number of keys held.
        dim: Dimension of a key.
    """

    keys: Tensor
    position: Tensor

    @checked
    def __init__(self, size: Count, dim: Width):
        super().__init__()
        start = torch.randn(size, dim, generator=torch.Generator().manual_seed(0))
        self.register_buffer("keys", F.normalize(start, dim=1))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, keys: Tensor) -> None:
        """Replaces the oldest keys by these ``(batch, dim)`` ones, scaled to unit length."""
        keys = F.normalize(keys[-len(self.keys) :].to(self.keys.dtype), dim=1)
        # The position stays on the device: reading it would make the host wait for the last step.
        rows = (self.position + torch.arange(len(keys), device=keys.device)) % len(self.keys)
        self.keys.index_copy_(0, rows, keys)
        self.position.add_(len(keys)).remainder_(len(self.keys))
