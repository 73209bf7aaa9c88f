"""The spectral contrastive loss."""

import torch
from torch import Tensor

from viewlearn import distributed


def spectral(z1: Tensor, z2: Tensor, across_processes: bool = False) -> Tensor:
    """Positives are to have large, other pairs small inner products; the minimum is a spectral embedding.

        L = −2/N Σ_i z1_i·z2_i + 1/(N(N−1)) Σ_{i≠j} (z1_i·z2_j)²

    The second sum is that of ⟨Z1ᵀZ1, Z2ᵀZ2⟩ less its diagonal, so that it costs O(N · dim²) and no N × N matrix.
    Embeddings are taken as they are, not scaled to unit length (the published code clips their length at √μ before
    the loss; clip outside where that is wanted). Computed in float32 at least.

    Args:
        z1, z2: ``(batch, dim)`` embeddings of the two views.
        across_processes: pairs across all processes, see ``nt_xent``.

    Raises:
        ValueError: shapes that differ, or a batch of one.

    HaoChen et al., Provable Guarantees for Self-Supervised Deep Learning with Spectral Contrastive Loss, NeurIPS 2021:
    its spectral contrastive loss, over the pairs of a batch as in its code.
    """
    if z1.shape != z2.shape or z1.ndim != 2:
        raise ValueError(f"embeddings have shapes {tuple(z1.shape)}, {tuple(z2.shape)}; both must be (batch, dim)")
    if z1.dtype != torch.float64:
        z1, z2 = z1.float(), z2.float()
    others = distributed.gather(z2) if across_processes else z2
    if len(others) < 2:
        raise ValueError("the batch size is 1; the spectral loss needs at least 2 for other pairs")
    with torch.autocast(z1.device.type, enabled=False):
        positive = (z1 * z2).sum(1)
        squares = ((z1.T @ z1) * (others.T @ others)).sum() - positive.square().sum()
    return -2 * positive.mean() + squares / (len(z1) * (len(others) - 1))
