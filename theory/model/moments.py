"""Exact second moments of a pair of views, which are all that quadratic losses know of the data."""

from dataclasses import dataclass

import torch
from torch import Tensor

from theory.model.groups import AttackedViews, GroupModel, Mode
from theory.model.parameters import Parameters, parameters_of


@dataclass(frozen=True)
class ViewMoments:
    """Second moments S = E x xᵀ of a view and C = E x_1 x_2ᵀ (symmetric) of two, in the basis where both are diagonal.

    Args:
        second: Diagonal of S, (…, directions).
        cross: Diagonal of C, (…, directions).
        basis: As in ``GroupModel``.
    """

    second: Tensor
    cross: Tensor
    basis: Tensor | None = None

    @property
    def correlation(self) -> Tensor:
        """Correlation λ_i = C_i / S_i of the two views along each direction; 0 where nothing varies."""
        return torch.where(self.second > 0, self.cross / self.second.clamp_min(1e-300), 0.0)

    def matrices(self) -> tuple[Tensor, Tensor]:
        """Returns S and C as (…, input_dim, input_dim) matrices in the coordinates of x."""
        if self.basis is None:
            return torch.diag_embed(self.second), torch.diag_embed(self.cross)
        basis = self.basis.to(self.second)
        return (basis * self.second[..., None, :]) @ basis.mT, (basis * self.cross[..., None, :]) @ basis.mT


def attenuation(mode: Mode, views: AttackedViews, destroy: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the factors by which destroying changes a direction's variance in a view and its covariance of two views.

    ========  ==================  =====================
    views     variance            covariance
    ========  ==================  =====================
    both      1 (zero: 1 − p)     (1 − p)²
    one       1 (zero: 1 − p/2)   1 − p
    ========  ==================  =====================
    """
    kept = 1 - destroy
    cross = kept**2 if views == "both" else kept
    if mode != "zero":
        return torch.ones_like(destroy), cross
    return (kept if views == "both" else 1 - destroy / 2), cross


def moments(model: GroupModel, parameters: Parameters | None = None) -> ViewMoments:
    """Returns the exact moments ``S_i = a_i² v + shared² + noise²`` and ``C_i = a_i² c + shared²``.

    The factors v and c are those of ``attenuation``.

    Args:
        model: Layout, and the numbers unless ``parameters`` gives them.
        parameters: Numbers of many cells; then the moments are (cells, directions), else (directions,).
    """
    numbers = parameters_of(model) if parameters is None else parameters
    variance, covariance = [], []
    for index, group in enumerate(model.groups):
        v, c = attenuation(group.mode, group.views, numbers.destroy[:, index, None])
        energy = numbers.strengths[:, model.directions(group.name)] ** 2
        variance.append(energy * v)
        covariance.append(energy * c)
    nothing = numbers.strengths.new_zeros(len(numbers), model.noise_dims)
    shared = numbers.shared_noise[:, None] ** 2
    second = torch.cat([*variance, nothing], -1) + shared + numbers.noise[:, None] ** 2
    cross = torch.cat([*covariance, nothing], -1) + shared
    if parameters is None:
        second, cross = second[0], cross[0]
    return ViewMoments(second, cross, model.basis)
