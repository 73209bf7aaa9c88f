"""Optimal linear encoders in closed form: one eigenproblem for every quadratic loss.

Every loss here has the population form ``L(W) = −2 tr(M Q) + tr(M N M N)`` with M = WᵀW of rank at most m. With
B = N^½ M N^½ and T = N^-½ Q N^-½ that is ‖B − T‖² − ‖T‖², so by Eckart–Young B is the positive part of T, cut to its m
largest eigenvalues; hence W = diag(√λ) Vᵀ N^-½ up to a rotation, and L = −Σ λ².
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theory.losses.losses import CovarianceContrast, InfoNCE, Loss, Spectral
from theory.measures.probe import Probe, probe
from theory.model.groups import GroupModel
from theory.model.moments import Moments, moments
from theory.model.parameters import Parameters


@dataclass(frozen=True)
class Solution:
    """An optimal encoder: ``weight`` (…, dim, input_dim), its population ``loss`` (…,), and each used eigenvalue.

    ``eigenvalues`` (…, dim) are descending; 0 marks a dimension of the embedding that stays empty.
    """

    model: GroupModel
    moments: Moments
    weight: Tensor
    loss: Tensor
    eigenvalues: Tensor

    def learned(self, group: str) -> Tensor:
        """How many of the group's directions the row space of W holds (a fraction only where eigenvalues tie)."""
        coordinates = self._coordinates()
        rows = torch.linalg.svd(coordinates, full_matrices=False)
        floor = 1e-9 * rows.S.amax(-1, keepdim=True).clamp_min(1e-300)
        used = floor < rows.S
        part = rows.Vh[..., self.model.directions(group)]
        return (part.square().sum(-1) * used).sum(-1)

    def energy_share(self, group: str) -> Tensor:
        """The group's part of E|z|², its directions' noise included."""
        energy = self._coordinates().square().sum(-2) * self.moments.second
        return energy[..., self.model.directions(group)].sum(-1) / energy.sum(-1).clamp_min(1e-300)

    def probe(self, noise: float = 0.0, readout: float = 0.0) -> Probe:
        """The best linear read-out of every latent (see ``theory.measures.probe.probe``)."""
        return probe(self.model, self.weight, noise=noise, readout=readout)

    def _coordinates(self) -> Tensor:
        """W in the basis of the directions."""
        return self.weight if self.model.basis is None else self.weight @ self.model.basis.to(self.weight)


def solve(
    model: GroupModel, loss: Loss | None = None, dim: int | None = None, parameters: Parameters | None = None
) -> Solution:
    """The population optimum of a loss over linear encoders of ``dim`` outputs.

    For InfoNCE with a dot product it is the limit of many negatives, ``L = ½ L_spectral(M/τ)`` up to a constant
    (log N), which needs Gaussian views: Gaussian latents that are not zeroed.

    Args:
        model: The model.
        loss: Spectral (default), CovarianceContrast, or InfoNCE with similarity="dot".
        dim: Embedding dimension m; default ``model.default_dim()``.
        parameters: Numbers of many cells, solved at once; default the model's own.

    Raises:
        ValueError: For losses without a closed-form optimum, or a dim outside 1 … input_dim.
    """
    loss = Spectral() if loss is None else loss
    dim = model.default_dim() if dim is None else dim
    if not 1 <= dim <= model.input_dim:
        raise ValueError(f"dim is between 1 and the input's {model.input_dim} dimensions, not {dim}")
    exact = moments(model, parameters)
    scale, half = 1.0, 1.0
    if isinstance(loss, InfoNCE):
        _check_population_infonce(model, loss)
        scale, half = loss.temperature**0.5, 0.5
    weight, eigenvalues = solve_diagonal(*score_form(loss).quadratic(exact), dim)
    if model.basis is not None:
        weight = weight @ model.basis.to(weight).mT
    return Solution(model, exact, scale * weight, -half * eigenvalues.square().sum(-1), eigenvalues)


def score_form(loss: Loss) -> Spectral | CovarianceContrast:
    """The quadratic loss whose optimum a loss has: itself, or Spectral for InfoNCE with a dot product."""
    if isinstance(loss, Spectral | CovarianceContrast):
        return loss
    if isinstance(loss, InfoNCE) and loss.similarity == "dot" and loss.candidates == "other view":
        return Spectral()
    raise ValueError(
        f"{loss} has no closed-form optimum: give Spectral, CovarianceContrast, or InfoNCE with similarity='dot' "
        "(for the cosine see theory.closed_forms.cosine and theory.closed_forms.water_filling)"
    )


def solve_diagonal(target: Tensor, metric: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Optimal W (…, dim, d) and its eigenvalues (…, dim) for diagonal Q and N, given as (…, d)."""
    scores = target / metric.clamp_min(1e-300)
    width = min(dim, scores.shape[-1])
    values, order = scores.topk(width, -1)
    values = values.clamp_min(0)
    weight = target.new_zeros(*target.shape[:-1], dim, target.shape[-1])
    entries = (values / metric.gather(-1, order).clamp_min(1e-300)).sqrt()
    weight[..., :width, :].scatter_(-1, order[..., None], entries[..., None])
    return weight, torch.nn.functional.pad(values, (0, dim - width))


def solve_general(target: Tensor, metric: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Optimal W (…, dim, d) and its eigenvalues (…, dim) for symmetric Q and positive definite N, (…, d, d).

    For the spectral loss Q = C and N = S may be any cross-view and second moments, estimated from data for example.
    """
    scale, vectors = torch.linalg.eigh(metric)
    if bool((scale <= 0).any()):
        raise ValueError(f"the metric is positive definite, but has the eigenvalue {scale.min().item():.3g}")
    whiten = (vectors / scale.sqrt()[..., None, :]) @ vectors.mT
    symmetric = (target + target.mT) / 2
    values, axes = torch.linalg.eigh(whiten @ symmetric @ whiten)
    values, axes = values.flip(-1)[..., :dim].clamp_min(0), axes.flip(-1)[..., :dim]
    return values.sqrt()[..., None] * (axes.mT @ whiten), values


def population_loss(weight: Tensor, target: Tensor, metric: Tensor) -> Tensor:
    """``−2 tr(M Q) + tr(M N M N)`` of weights (…, dim, d), Q and N diagonal (…, d) or full (…, d, d)."""
    gram, mixed = _forms(weight, target, metric)
    return -2 * mixed + (gram @ gram).diagonal(dim1=-2, dim2=-1).sum(-1)


def population_gradient(weight: Tensor, target: Tensor, metric: Tensor) -> Tensor:
    """Derivative of ``population_loss``: ``−4 W Q + 4 (W N Wᵀ) W N``."""
    pulled, scaled = _times(weight, target), _times(weight, metric)
    return 4 * ((scaled @ weight.mT) @ scaled - pulled)


def _forms(weight: Tensor, target: Tensor, metric: Tensor) -> tuple[Tensor, Tensor]:
    return _times(weight, metric) @ weight.mT, (_times(weight, target) * weight).sum((-2, -1))


def _times(weight: Tensor, matrix: Tensor) -> Tensor:
    """W times a matrix, or a diagonal given as a vector (one axis less than the weights)."""
    return weight * matrix[..., None, :] if matrix.ndim < weight.ndim else weight @ matrix


def _check_population_infonce(model: GroupModel, loss: InfoNCE) -> None:
    score_form(loss)
    for group in model.groups:
        if group.latent != "gaussian" or (group.mode == "zero" and group.destroy > 0):
            raise ValueError(
                f"the population optimum of InfoNCE needs Gaussian views, but group {group.name} has latent "
                f"{group.latent!r} and mode {group.mode!r}"
            )
