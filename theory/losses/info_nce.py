"""InfoNCE with analytic gradients."""

import warnings
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from theory.losses.loss import Loss, QuadraticForm
from theory.losses.quadratic import Spectral
from theory.losses.softmax import softmax_pull


@dataclass(frozen=True, init=False)
class InfoNCE(Loss):
    """``L = −E log( exp(s_ii/τ) / Σ_j exp(s_ij/τ) )``, s_ij the similarity of z1_i and z2_j, over a batch.

    van den Oord et al. 2018 (arXiv 1807.03748); one direction, view 1 against view 2. ``candidates="both views"`` is
    the form that Viewmaker's code trains (Tamkin et al. 2021): candidates are all 2N embeddings, z1_i among them.

    With the cosine the values are those of ``viewmaker_info_nce`` and ``viewmaker_nt_xent`` in ``viewlearn.losses``
    plus the logarithm of the number of candidates. Those compute one run in tiles; this one computes many small runs.

    Args:
        temperature: τ > 0; default 0.2 for the cosine and 1 for the dot product, where a temperature only rescales the
            weights and another value warns.
        similarity: Cosine of the angle between embeddings, or their dot product.
        candidates: Embeddings in the denominator.
        batch_size: Number N of pairs in a batch.
    """

    temperature: float
    similarity: Literal["cosine", "dot"]
    candidates: Literal["other view", "both views"]

    def __init__(
        self,
        temperature: float | None = None,
        similarity: Literal["cosine", "dot"] = "cosine",
        candidates: Literal["other view", "both views"] = "other view",
        batch_size: int = 128,
    ):
        if similarity not in ("cosine", "dot"):
            raise ValueError(f"similarity must be cosine or dot, not {similarity!r}")
        if candidates not in ("other view", "both views"):
            raise ValueError(f"candidates must be 'other view' or 'both views', not {candidates!r}")
        if temperature is None:
            temperature = 0.2 if similarity == "cosine" else 1.0
        elif similarity == "dot" and temperature != 1:
            message = f"a temperature ({temperature}) only rescales the weights under a dot product"
            warnings.warn(message, stacklevel=2)
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, not {temperature}")
        # A frozen dataclass sets its fields once, by this route.
        object.__setattr__(self, "temperature", temperature)
        object.__setattr__(self, "similarity", similarity)
        object.__setattr__(self, "candidates", candidates)
        object.__setattr__(self, "batch_size", batch_size)

    def __call__(self, z1: Tensor, z2: Tensor) -> Tensor:
        n1, n2 = self._points(z1), self._points(z2)
        candidates = n2 if self.candidates == "other view" else torch.cat([n1, n2], -2)
        logits = n1 @ candidates.mT / self.temperature
        positive = (n1 * n2).sum(-1) / self.temperature
        return (logits.logsumexp(-1) - positive).mean(-1)

    @torch.no_grad()
    def gradients(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        n1, n2 = self._points(z1), self._points(z2)
        bound = 1.0 if self.similarity == "cosine" else None
        by_n1, by_n2 = softmax_pull(n1, n2, self.temperature, bound, others=self.candidates == "both views")
        scale = 1 / (self.temperature * z1.shape[-2])
        by_n1, by_n2 = (by_n1 - n2).mul_(scale), (by_n2 - n1).mul_(scale)
        if self.similarity == "dot":
            return by_n1, by_n2
        return _through_norm(by_n1, n1, z1), _through_norm(by_n2, n2, z2)

    def quadratic_form(self, bottleneck: bool = False) -> QuadraticForm | None:
        """Returns half the spectral loss of M/τ, which a dot product with many negatives has for Gaussian views.

        In a bottleneck, similarity and candidates hardly matter for the directions that are kept.
        """
        if not bottleneck and (self.similarity, self.candidates) != ("dot", "other view"):
            return None
        spectral = Spectral().quadratic_form()
        return QuadraticForm(spectral.diagonals, self.temperature**0.5, 0.5, gaussian_views=True)

    def _points(self, z: Tensor) -> Tensor:
        return z / z.norm(dim=-1, keepdim=True).clamp_min(1e-12) if self.similarity == "cosine" else z


def _through_norm(gradient: Tensor, unit: Tensor, z: Tensor) -> Tensor:
    """Pulls a gradient by z/|z| back to z."""
    radial = (gradient * unit).sum(-1, keepdim=True)
    return (gradient - radial * unit) / z.norm(dim=-1, keepdim=True).clamp_min(1e-12)
