"""The spectral contrastive loss."""

import torch
from torch import Tensor

from viewlearn import distributed


def spectral(z1: Tensor, z2: Tensor, across_processes: bool = False) -> Tensor:
    """Computes the spectral contrastive loss: large inner products for positives, small ones for other pairs.

    ::

        L = −2/N Σ_i z1_i·z2_i + 1/(N(N−1)) Σ_{i≠j} (z1_i·z2_j)²

    Its minimum is a spectral embedding. The second sum is ⟨Z1ᵀZ1, Z2ᵀZ2⟩ less the terms of i = j, which costs
    O(N · dim²) and needs no N × N matrix. Embeddings aren't scaled to unit length (the published code clips their
    length at √μ before the loss; do so outside if needed). Computed in float32 or float64.

    Args:
        z1: ``(…, batch, dim)`` embeddings of one view; leading axes are separate batches.
        z2: ``(…, batch, dim)`` embeddings of the other view.
        across_processes: Whether other pairs come from all processes, see ``nt_xent``; for ``(batch, dim)`` only.

    Returns:
        ``(…)``: one value for each batch.

    Raises:
        ValueError: Shapes that differ, or a batch of one.

    HaoChen et al., Provable Guarantees for Self-Supervised Deep Learning with Spectral Contrastive Loss, NeurIPS 2021:
    its spectral contrastive loss, over the pairs of a batch as in its code.
    """
    if z1.shape != z2.shape or z1.ndim < 2 or (across_processes and z1.ndim > 2):
        raise ValueError(f"embeddings have shapes {tuple(z1.shape)}, {tuple(z2.shape)}; both must be (batch, dim)")
    if z1.dtype != torch.float64:
        z1, z2 = z1.float(), z2.float()
    others = distributed.gather(z2) if across_processes else z2
    num, num_others = z1.shape[-2], others.shape[-2]
    if num_others < 2:
        raise ValueError("the batch size is 1; the spectral loss needs at least 2 for other pairs")
    with torch.autocast(z1.device.type, enabled=False):
        positive = (z1 * z2).sum(-1)
        squares = ((z1.mT @ z1) * (others.mT @ others)).sum((-2, -1)) - positive.square().sum(-1)
    return -2 * positive.mean(-1) + squares / (num * (num_others - 1))
