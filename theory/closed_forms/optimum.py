"""Optimal linear encoders in closed form: one eigenproblem for all quadratic losses.

A quadratic loss has the population form ``L(W) = −2 tr(M Q) + tr(M N M N)`` with M = WᵀW of rank at most m. With
B = N^½ M N^½ and T = N^-½ Q N^-½ that is ‖B − T‖² − ‖T‖², so by Eckart–Young B is the positive part of T, cut to its m
largest eigenvalues; hence W = diag(√λ) Vᵀ N^-½ up to a rotation, and L = −Σ λ².
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theory.losses.loss import Loss, known_form
from theory.losses.quadratic import Spectral
from theory.measures.embedding import directions_held, energy_share
from theory.measures.probe import Probe, probe
from theory.model.groups import GroupModel
from theory.model.moments import ViewMoments, moments
from theory.model.parameters import Parameters


@dataclass(frozen=True)
class Solution:
    """An optimal encoder.

    Args:
        model: Layout.
        moments: Moments of its views.
        weight: (…, dim, input_dim).
        loss: Population loss, (…,).
        eigenvalues: Descending, (…, dim); 0 marks a dimension of the embedding that stays empty.
    """

    model: GroupModel
    moments: ViewMoments
    weight: Tensor
    loss: Tensor
    eigenvalues: Tensor

    def learned(self, group: str) -> Tensor:
        """Returns the number of the group's directions that W's row space holds, a fraction where eigenvalues tie."""
        return directions_held(self.model, self.weight, group)

    def energy_share(self, group: str) -> Tensor:
        """Returns the group's part of E|z|², the noise of its directions included."""
        return energy_share(self.model, self.weight, self.moments.second, group)

    def probe(self, noise: float = 0.0, readout: float = 0.0) -> Probe:
        """Returns the best linear read-out of every latent, see ``theory.probe``."""
        return probe(self.model, self.weight, noise=noise, readout=readout)


def solve(
    model: GroupModel, loss: Loss | None = None, dim: int | None = None, parameters: Parameters | None = None
) -> Solution:
    """Returns the population optimum of a loss over linear encoders of ``dim`` outputs.

    For InfoNCE with a dot product it is the limit of many negatives, ``L = ½ L_spectral(M/τ)`` up to a constant
    (log N), which needs Gaussian views: Gaussian latents that are not zeroed.

    Args:
        model: Layout, and the numbers unless ``parameters`` gives them.
        loss: Spectral (default), CovarianceContrast, or InfoNCE with similarity="dot".
        dim: Embedding dimension m; default ``model.default_dim()``.
        parameters: Numbers of many cells, solved at once; default the model's own.

    Raises:
        ValueError: The loss has no closed-form optimum, or dim is outside [1, input_dim].
    """
    form = known_form(Spectral() if loss is None else loss)
    dim = model.default_dim() if dim is None else dim
    if not 1 <= dim <= model.input_dim:
        raise ValueError(f"dim must be between 1 and the input's {model.input_dim} dimensions, not {dim}")
    if form.gaussian_views:
        _check_gaussian_views(model)
    exact = moments(model, parameters)
    weight, eigenvalues = solve_diagonal(*form.diagonals(exact), dim)
    if model.basis is not None:
        weight = weight @ model.basis.to(weight).mT
    value = -form.value_scale * eigenvalues.square().sum(-1)
    return Solution(model, exact, form.weight_scale * weight, value, eigenvalues)


def solve_diagonal(target: Tensor, metric: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Returns the optimal W (…, dim, d) and its eigenvalues (…, dim) for diagonals (…, d) of Q and N."""
    scores = target / metric.clamp_min(1e-300)
    width = min(dim, scores.shape[-1])
    values, order = scores.topk(width, -1)
    values = values.clamp_min(0)
    weight = target.new_zeros(*target.shape[:-1], dim, target.shape[-1])
    entries = (values / metric.gather(-1, order).clamp_min(1e-300)).sqrt()
    weight[..., :width, :].scatter_(-1, order[..., None], entries[..., None])
    return weight, torch.nn.functional.pad(values, (0, dim - width))


def solve_general(target: Tensor, metric: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Returns the optimal W (…, dim, d) and its eigenvalues (…, dim) for full Q and positive definite N, (…, d, d).

    For the spectral loss, Q = C and N = S may be any cross-view and second moments, such as estimates from data.
    """
    scale, vectors = torch.linalg.eigh(metric)
    if bool((scale <= 0).any()):
        raise ValueError(f"the metric must be positive definite, but has the eigenvalue {scale.min().item():.3g}")
    whiten = (vectors / scale.sqrt()[..., None, :]) @ vectors.mT
    symmetric = (target + target.mT) / 2
    values, axes = torch.linalg.eigh(whiten @ symmetric @ whiten)
    values, axes = values.flip(-1)[..., :dim].clamp_min(0), axes.flip(-1)[..., :dim]
    return values.sqrt()[..., None] * (axes.mT @ whiten), values


def population_loss(weight: Tensor, target: Tensor, metric: Tensor) -> Tensor:
    """Returns ``−2 tr(M Q) + tr(M N M N)`` of weights (…, dim, d); Q and N are diagonals (…, d) or full (…, d, d)."""
    gram, mixed = _times(weight, metric) @ weight.mT, (_times(weight, target) * weight).sum((-2, -1))
    return -2 * mixed + (gram @ gram).diagonal(dim1=-2, dim2=-1).sum(-1)


def population_gradient(weight: Tensor, target: Tensor, metric: Tensor) -> Tensor:
    """Returns the derivative of ``population_loss``, ``−4 W Q + 4 (W N Wᵀ) W N``."""
    pulled, scaled = _times(weight, target), _times(weight, metric)
    return 4 * ((scaled @ weight.mT) @ scaled - pulled)


def _times(weight: Tensor, matrix: Tensor) -> Tensor:
    """Returns W times a matrix, which may be a diagonal: one axis less than the weights."""
    return weight * matrix[..., None, :] if matrix.ndim < weight.ndim else weight @ matrix


def _check_gaussian_views(model: GroupModel) -> None:
    for group in model.groups:
        if group.latent != "gaussian" or (group.mode == "zero" and group.destroy > 0):
            raise ValueError(
                f"the population optimum of InfoNCE needs Gaussian views, but group {group.name} has latent "
                f"{group.latent!r} and mode {group.mode!r}"
            )
