"""What weights (…, dim, input_dim) and embeddings say of what an encoder learned, for many runs at once."""

import torch
from torch import Tensor

from theory.model.groups import GroupModel


def energy_share(model: GroupModel, weight: Tensor, second: Tensor, group: str) -> Tensor:
    """Returns the group's part of E|z|², the noise of its directions included, (…,).

    Args:
        model: Layout.
        weight: (…, dim, input_dim).
        second: Variance of each direction in a view, (…, directions); broadcasts.
        group: Name of the group.
    """
    energy = model.coordinates(weight).square().sum(-2) * second.to(weight)
    return energy[..., model.directions(group)].sum(-1) / energy.sum(-1).clamp_min(1e-300)


def subspace_overlap(model: GroupModel, weight: Tensor, group: str) -> Tensor:
    """Returns the part in [0, 1] of the group's space that W's row space (projector P) holds, (…,).

    It is ``‖P U_k‖² / min(d_k, dim)``, U_k the group's d_k directions.
    """
    where = model.directions(group)
    return directions_held(model, weight, group) / min(where.stop - where.start, weight.shape[-2])


def directions_held(model: GroupModel, weight: Tensor, group: str) -> Tensor:
    """Returns ``‖P U_k‖²``, the number of the group's directions that W's row space (projector P) holds, (…,)."""
    rows = orthonormal_rows(model.coordinates(weight))
    return rows[..., model.directions(group)].square().sum((-2, -1))


def effective_rank(weight: Tensor) -> Tensor:
    """Returns ``exp(entropy of the normalized singular values)``, (…,) (Roy and Vetterli 2007)."""
    values = torch.linalg.svdvals(weight)
    shares = values / values.sum(-1, keepdim=True).clamp_min(1e-300)
    return torch.special.entr(shares).sum(-1).exp()


def positive_probability(z1: Tensor, z2: Tensor) -> Tensor:
    """Returns the mean softmax probability of the positive among the batch, by dot products (…, batch, dim) → (…,)."""
    return (z1 @ z2.mT).softmax(-1).diagonal(dim1=-2, dim2=-1).mean(-1)


def orthonormal_rows(weight: Tensor, tolerance: float = 1e-9) -> Tensor:
    """Returns an orthonormal basis of the row space, (…, min(dim, directions), directions); unused rows are zero."""
    parts = torch.linalg.svd(weight, full_matrices=False)
    floor = tolerance * parts.S.amax(-1, keepdim=True).clamp_min(1e-300)
    return parts.Vh * (floor < parts.S)[..., None]
