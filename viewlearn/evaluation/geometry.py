"""How features fill their space: measures that need no labels, and tell a collapse."""

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST = 1e-7  # part of the spectrum that is added to each of its values, as RankMe does
RIDGE = 1e-4  # on the diagonal of LiDAR's covariance within samples


@torch.no_grad()
def rankme(features: Tensor) -> float:
    """Computes RankMe: the exponential of the entropy of the singular values.

    ::

        exp( −Σ_k p_k log p_k ),    p_k = σ_k / Σ_j σ_j + 1e-7

    It lies between 1, where all features are multiples of one, and ``min(num_samples, num_features)``.

    Args:
        features: ``(num_samples, num_features)``.

    Raises:
        ValueError: Features without any sample, or that aren't a matrix.

    Garrido et al., RankMe, ICML 2023, eqs. 1 and 2.
    """
    _check(features)
    values = torch.linalg.svdvals(features.double())
    return _entropic_rank(values)


@torch.no_grad()
def lidar(views: Tensor) -> float:
    """Computes LiDAR: RankMe of what tells samples apart, in units of how views of one sample differ.

    ::

        Σ_w = mean over samples and views of (z − μ_i)(z − μ_i)ᵀ + 1e-4 I,    Σ_b = covariance of the means μ_i,
        exp( −Σ_k p_k log p_k ),    p = eigenvalues of Σ_w^(−1/2) Σ_b Σ_w^(−1/2), as parts of their sum, + 1e-7

    It is at most the number of samples less 1.

    Args:
        views: ``(num_samples, num_views, dim)`` embeddings, two views of each sample at least.

    Raises:
        ValueError: Fewer than two samples, or views.

    Thilak et al., LiDAR, ICLR 2024.
    """
    if views.ndim != 3 or min(views.shape[:2]) < 2:
        raise ValueError(f"views have shape {tuple(views.shape)}; LiDAR takes (num_samples ≥ 2, num_views ≥ 2, dim)")
    views = views.double()
    means = views.mean(1)
    within = (views - means[:, None]).flatten(0, 1)
    centered = means - means.mean(0)
    number, dim = within.shape
    covariance = within.T @ within / number + RIDGE * torch.eye(dim, dtype=views.dtype, device=views.device)
    # Whitening by a triangular factor has the eigenvalues of whitening by the root.
    whitened = torch.linalg.solve_triangular(torch.linalg.cholesky(covariance), centered.T, upper=False)
    return _entropic_rank(torch.linalg.svdvals(whitened).square())


@torch.no_grad()
def alpha_req(features: Tensor) -> float:
    """Computes α of α-ReQ: how fast the eigenvalues of the features' covariance fall, λ_k ∝ k^(−α).

    The slope is fitted by least squares to log λ_k over log k, of eigenvalues above a 1e-10th of the largest. Near 1 is
    what goes with good features in the paper; more means that fewer directions are used. It is 0 where fewer than two
    eigenvalues are left.

    Args:
        features: ``(num_samples, num_features)``.

    Raises:
        ValueError: Features without any sample, or that aren't a matrix.

    Agrawal et al., α-ReQ, NeurIPS 2022.
    """
    _check(features)
    features = features.double()
    values = torch.linalg.svdvals(features - features.mean(0)).square()
    values = values[values > 1e-10 * values.amax()]
    if len(values) < 2:
        return 0.0
    place = torch.arange(1, len(values) + 1, dtype=values.dtype, device=values.device).log()
    place = place - place.mean()
    return -float((place * values.log()).sum() / place.square().sum())


@torch.no_grad()
def alignment(first: Tensor, second: Tensor) -> float:
    """Computes the mean squared distance of two views' embeddings on the unit sphere, in [0, 4]; 0 is invariance.

    Args:
        first: ``(num_samples, dim)`` embeddings of one view.
        second: ``(num_samples, dim)`` embeddings of the other view.

    Wang & Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity, ICML 2020, eq. 4
    with α = 2.
    """
    return float((F.normalize(first.double(), dim=1) - F.normalize(second.double(), dim=1)).square().sum(1).mean())


@torch.no_grad()
def uniformity(embeddings: Tensor) -> float:
    """Computes how evenly embeddings cover the unit sphere: log of the mean of exp(−2 ‖x − y‖²) over all pairs.

    It is 0 where all are equal, and the lower the more even.

    Args:
        embeddings: ``(num_samples, dim)``, two samples at least.

    Raises:
        ValueError: One sample.

    Wang & Isola, ICML 2020, eq. 5 with t = 2.
    """
    if len(embeddings) < 2:
        raise ValueError("uniformity is of pairs; there is one sample")
    squared = torch.pdist(F.normalize(embeddings.double(), dim=1)).square()
    return float(squared.mul(-2).exp().mean().log())


@torch.no_grad()
def spread(features: Tensor) -> float:
    """Computes which part of the features' mean square is variance, in [0, 1]: 0 where all samples have the same.

    Args:
        features: ``(num_samples, num_features)``.
    """
    features = features.double()
    total = features.square().sum(1).mean()
    return float((features - features.mean(0)).square().sum(1).mean() / total) if total > 0 else 0.0


def _entropic_rank(values: Tensor) -> float:
    total = values.sum()
    if total == 0:
        return 1.0
    parts = values / total + SMALLEST
    return float((-(parts * parts.log()).sum()).exp())


def _check(features: Tensor) -> None:
    if features.ndim != 2 or not len(features):
        raise ValueError(f"features have shape {tuple(features.shape)}; expected (num_samples, num_features)")
