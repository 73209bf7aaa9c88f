"""What an encoder's weights say of what it learned. Every function takes weights (…, dim, directions) batched."""

import torch
from torch import Tensor

from theory.model.groups import GroupModel


def energy_share(model: GroupModel, weight: Tensor, second: Tensor, group: str) -> Tensor:
    """The group's part of E|z|² (its directions' noise included), (…,); ``second`` (…, directions) broadcasts."""
    energy = _coordinates(model, weight).square().sum(-2) * second.to(weight)
    return energy[..., model.directions(group)].sum(-1) / energy.sum(-1).clamp_min(1e-300)


def subspace_overlap(model: GroupModel, weight: Tensor, group: str) -> Tensor:
    """``‖P U_k‖² / min(d_k, dim)`` in [0, 1]: how much of the group's space the row space of W (projector P) holds."""
    rows = orthonormal_rows(_coordinates(model, weight))
    where = model.directions(group)
    return rows[..., where].square().sum((-2, -1)) / min(where.stop - where.start, weight.shape[-2])


def subspace_distance(weight: Tensor, other: Tensor, second: Tensor | None = None) -> Tensor:
    """``1 − ‖P P'‖²/rank`` of two row spaces, in [0, 1]; with ``second`` (…, d) both are whitened."""
    if second is not None:
        root = second.sqrt()[..., None, :].to(weight)
        weight, other = weight * root, other * root
    first, other = orthonormal_rows(weight), orthonormal_rows(other)
    rank = other.square().sum((-2, -1)).clamp_min(1.0)
    return 1 - (first @ other.mT).square().sum((-2, -1)) / rank


def singular_values(weight: Tensor) -> Tensor:
    """Singular values of W, descending, (…, min(dim, directions))."""
    return torch.linalg.svdvals(weight)


def effective_rank(weight: Tensor) -> Tensor:
    """``exp(entropy of the normalized singular values)``, (…,) (Roy and Vetterli 2007)."""
    values = singular_values(weight)
    shares = values / values.sum(-1, keepdim=True).clamp_min(1e-300)
    return torch.special.entr(shares).sum(-1).exp()


def alignment(z1: Tensor, z2: Tensor) -> Tensor:
    """``E|n1 − n2|²`` of normalized positives, (…,) (Wang and Isola 2020, arXiv 2005.10242, section 4.1, α = 2)."""
    return (_unit(z1) - _unit(z2)).square().sum(-1).mean(-1)


def uniformity(z: Tensor, sharpness: float = 2.0) -> Tensor:
    """``log E exp(−t |n − n'|²)`` over pairs of different normalized points (Wang and Isola 2020, section 4.1)."""
    num = z.shape[-2]
    unit = _unit(z)
    square = 2 - 2 * unit @ unit.mT
    kernel = (-sharpness * square).exp()
    total = kernel.sum((-2, -1)) - kernel.diagonal(dim1=-2, dim2=-1).sum(-1)
    return (total / (num * (num - 1))).log()


def positive_probability(z1: Tensor, z2: Tensor, temperature: float = 1.0, cosine: bool = False) -> Tensor:
    """Mean softmax probability p̄ that the positive gets among the batch, (…,)."""
    if cosine:
        z1, z2 = _unit(z1), _unit(z2)
    logits = z1 @ z2.mT / temperature
    return logits.softmax(-1).diagonal(dim1=-2, dim2=-1).mean(-1)


def orthonormal_rows(weight: Tensor, tolerance: float = 1e-9) -> Tensor:
    """An orthonormal basis of the row space, (…, min(dim, directions), directions); unused rows are zero."""
    parts = torch.linalg.svd(weight, full_matrices=False)
    floor = tolerance * parts.S.amax(-1, keepdim=True).clamp_min(1e-300)
    used = floor < parts.S
    return parts.Vh * used[..., None]


def _coordinates(model: GroupModel, weight: Tensor) -> Tensor:
    return weight if model.basis is None else weight @ model.basis.to(weight)


def _unit(z: Tensor) -> Tensor:
    return z / z.norm(dim=-1, keepdim=True).clamp_min(1e-12)
