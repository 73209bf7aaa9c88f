"""The linear contrastive model: groups of feature directions that views may destroy, in isotropic noise."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

import torch
from torch import Tensor

Mode = Literal["resample", "zero", "gauss"]
AttackedViews = Literal["both", "one"]
Latent = Literal["gaussian", "rademacher", "onehot"]


@dataclass(frozen=True)
class FeatureGroup:
    """A group of directions that carry one latent vector, which a view destroys as a whole.

    In view t the group contributes ``strengths * s_t``, where s has mean 0 and covariance I and

    * ``resample``: s_t = s with probability 1 − destroy, else a fresh copy (label-destroying; the marginal stays);
    * ``zero``: s_t = s with probability 1 − destroy, else 0 (feature dropout);
    * ``gauss``: s_t = r s + √(1 − r²) fresh, r = 1 − destroy (always in part, never wholly).

    Args:
        name: Name of letters, digits and underscores, such as "A".
        strengths: Standard deviation a_i > 0 of each direction.
        destroy: Probability p in [0, 1] that a view loses the group (for ``gauss``: 1 − correlation).
        mode: How a view loses the group.
        views: Whether both views are attacked, independently, or one of the two, chosen by a fair coin for each pair.
        latent: Distribution of s; ``onehot`` is a class among len(strengths) + 1, whitened (a regular simplex).
    """

    name: str
    strengths: tuple[float, ...]
    destroy: float = 0.0
    mode: Mode = "resample"
    views: AttackedViews = "both"
    latent: Latent = "gaussian"

    def __post_init__(self):
        object.__setattr__(self, "strengths", tuple(float(a) for a in self.strengths))
        if not self.name or not self.name.replace("_", "").isalnum():
            raise ValueError(f"a group's name must be letters, digits and underscores, not {self.name!r}")
        if not self.strengths or any(not 0 < a < float("inf") for a in self.strengths):
            raise ValueError(f"strengths of group {self.name} must be positive and finite, not {self.strengths}")
        if not 0 <= self.destroy <= 1:
            raise ValueError(f"destroy of group {self.name} must be a probability in [0, 1], not {self.destroy}")
        for field_name, kind in (("mode", Mode), ("views", AttackedViews), ("latent", Latent)):
            value, allowed = getattr(self, field_name), get_args(kind)
            if value not in allowed:
                raise ValueError(f"{field_name} of group {self.name} must be {' or '.join(allowed)}, not {value!r}")

    @property
    def num_directions(self) -> int:
        """Number of directions."""
        return len(self.strengths)

    @property
    def homogeneous(self) -> bool:
        """Whether all directions have the same strength."""
        return min(self.strengths) == max(self.strengths)


@dataclass(frozen=True)
class GroupModel:
    """``x_t = basis @ [a_1 s_1t, …, a_K s_Kt, 0] + shared_noise ξ + noise ε_t`` for the two views t of one instance.

    After Feature Dropout (Tamkin et al. 2023, arXiv 2212.08378); definitions and results are ours.

    Args:
        groups: Feature groups of different names; their directions come first, in this order.
        noise: Standard deviation, per direction, of the noise that each view draws for itself.
        shared_noise: Standard deviation, per direction, of the noise that both views of an instance share.
        noise_dims: Number of directions that carry noise only.
        basis: (input dimensions, directions + noise_dims) with orthonormal columns; None is the identity. Noise is
            isotropic, so a basis changes no result, only the coordinates.
    """

    groups: Sequence[FeatureGroup]
    noise: float = 1.0
    shared_noise: float = 0.0
    noise_dims: int = 0
    basis: Tensor | None = field(default=None, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "groups", tuple(self.groups))
        names = [group.name for group in self.groups]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"groups must have different names, not {names}")
        for name, value in (("noise", self.noise), ("shared_noise", self.shared_noise)):
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be a standard deviation of at least 0, not {value}")
        if self.noise_dims < 0:
            raise ValueError(f"noise_dims must be at least 0, not {self.noise_dims}")
        if self.noise_dims and self.noise == 0 and self.shared_noise == 0:
            raise ValueError("noise directions without noise have no variance: set noise or shared_noise above 0")
        if self.basis is not None:
            _check_basis(self.basis, self.num_directions)

    @property
    def num_features(self) -> int:
        """Number of directions that carry features."""
        return sum(group.num_directions for group in self.groups)

    @property
    def num_directions(self) -> int:
        """Number of directions, including those that carry noise only."""
        return self.num_features + self.noise_dims

    @property
    def input_dim(self) -> int:
        """Dimension of x."""
        return self.num_directions if self.basis is None else len(self.basis)

    def group(self, name: str) -> FeatureGroup:
        """Returns the group of that name; ValueError if there is none."""
        for group in self.groups:
            if group.name == name:
                return group
        raise ValueError(f"no group {name!r}; there are: {', '.join(g.name for g in self.groups)}")

    def directions(self, name: str) -> slice:
        """Returns the place of the group's directions among all."""
        group = self.group(name)
        start = sum(other.num_directions for other in self.groups[: self.groups.index(group)])
        return slice(start, start + group.num_directions)

    def with_group(self, name: str, **changes) -> "GroupModel":
        """Returns the model with some fields of one group changed."""
        changed = replace(self.group(name), **changes)
        return replace(self, groups=tuple(changed if g.name == name else g for g in self.groups))

    def coordinates(self, weight: Tensor) -> Tensor:
        """Returns weights (…, dim, input_dim) in the coordinates of the directions, (…, dim, directions)."""
        return weight if self.basis is None else weight @ self.basis.to(weight)

    def settings(self) -> dict[str, object]:
        """Returns the fields, as JSON holds them."""
        groups = [asdict(group) | {"strengths": list(group.strengths)} for group in self.groups]
        basis = None if self.basis is None else self.basis.tolist()
        return {
            "groups": groups,
            "noise": self.noise,
            "shared_noise": self.shared_noise,
            "noise_dims": self.noise_dims,
            "basis": basis,
        }

    def default_dim(self) -> int:
        """Returns the embedding dimension that just holds the largest group, so that groups compete."""
        return max(group.num_directions for group in self.groups)


def _check_basis(basis: Tensor, num_directions: int) -> None:
    rows, columns = basis.shape
    if columns != num_directions:
        raise ValueError(f"the model has {num_directions} directions, the basis {columns} columns")
    if rows < columns:
        raise ValueError(f"more directions ({columns}) than dimensions ({rows})")
    gram = basis.mT @ basis
    if not torch.allclose(gram, torch.eye(columns, dtype=gram.dtype, device=gram.device), atol=1e-4):
        raise ValueError("the columns of the basis are not orthonormal")
