"""The deterministic contrastive loss of NeuTraL, as an objective of views that play no game."""

import torch
import torch.nn.functional as F
from torch import Tensor


def neutral_loss(z: Tensor, z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """Computes how far two views are from looking like their sample and unlike each other.

    ::

        L = −1/N Σ_i Σ_v log [ h(z_i, zv_i) / (h(z_i, zv_i) + h(z1_i, z2_i)) ],    h(a, b) = exp(cosine(a, b) / τ)

    A view that decreases it stays near the clean sample and goes far from the other view: neither no change nor
    destruction is best, so that no encoder has to play against it. Qiu et al., "Neural Transformation Learning for Deep
    Anomaly Detection Beyond Images", ICML 2021, have the loss; Bayrooti, Goodman & Tamkin (2023) trained Viewmaker's
    generator with it.

    Args:
        z: ``(batch, dim)`` embeddings of clean samples.
        z1: ``(batch, dim)`` embeddings of one view.
        z2: ``(batch, dim)`` embeddings of the other view.
        temperature: Temperature τ.

    Returns:
        A scalar ≥ 0; 2 log 2 if all are equal.
    """
    z, z1, z2 = (F.normalize(each.float(), dim=1) for each in (z, z1, z2))
    apart = (z1 * z2).sum(1)
    losses = [F.softplus((apart - (z * each).sum(1)) / temperature) for each in (z1, z2)]
    return torch.stack(losses).sum(0).mean()
