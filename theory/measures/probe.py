"""The best linear read-out of each latent from an embedding, exact and without test data."""

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from theory.model.groups import GroupModel
from theory.model.parameters import Parameters, parameters_of


class VacuousProbeWarning(UserWarning):
    """Warns of a probe that any invertible encoder passes."""


@dataclass(frozen=True)
class Probe:
    """What the best linear read-out recovers.

    Args:
        model: Layout.
        r2: Part in [0, 1] of each latent's variance that is explained, (…, features).
    """

    model: GroupModel
    r2: Tensor

    @property
    def accuracy(self) -> Tensor:
        """Accuracy of the sign of each latent, ``½ + asin(√R²)/π`` (exact for Gaussian latents), (…, features)."""
        return sign_accuracy(self.r2)

    def group_r2(self, group: str) -> Tensor:
        """Returns the mean R² over the group's directions."""
        return self.r2[..., self.model.directions(group)].mean(-1)

    def group_accuracy(self, group: str) -> Tensor:
        """Returns the accuracy of the group's label, the sign of its first latent; chance is 0.5."""
        return self.accuracy[..., self.model.directions(group).start]


def sign_accuracy(r2: Tensor) -> Tensor:
    """Returns the probability that the best linear prediction has the latent's sign, both jointly Gaussian."""
    return 0.5 + r2.clamp(0, 1).sqrt().asin() / math.pi


def is_vacuous(model: GroupModel, dim: int, noise: float = 0.0) -> bool:
    """Returns whether a generic encoder of ``dim`` outputs is invertible on the probed inputs, whatever it learned."""
    return dim >= (model.num_directions if noise else model.num_features)


def probe(
    model: GroupModel,
    weight: Tensor,
    parameters: Parameters | None = None,
    noise: float = 0.0,
    readout: float = 0.0,
) -> Probe:
    """Probes intact inputs x = a s + noise ε: ``R²_j = a_j² w_jᵀ (W S Wᵀ + ρ² I)⁻¹ w_j``, w_j the j-th column of W.

    Args:
        model: Layout.
        weight: (…, dim, input_dim); the first axis is that of the cells where ``parameters`` are given.
        parameters: Numbers of the cells; default the model's own.
        noise: Standard deviation of the noise in the probed inputs.
        readout: Noise of the read-out relative to the root mean square of the embedding's coordinates, the precision
            below which a feature counts as lost. Without it, an invertible encoder passes every probe.

    Warns:
        VacuousProbeWarning: If readout is 0 and the encoder has enough dimensions to be invertible.
    """
    if readout == 0 and is_vacuous(model, weight.shape[-2], noise):
        warnings.warn(
            f"an encoder of {weight.shape[-2]} outputs loses nothing, so this probe doesn't show what was learned: "
            "set readout, to 0.1 for example, or use fewer outputs",
            VacuousProbeWarning,
            stacklevel=2,
        )
    numbers = (parameters_of(model) if parameters is None else parameters).to(weight.device)
    weight = weight.double()
    coordinates = model.coordinates(weight)
    energy = torch.nn.functional.pad(numbers.strengths.double() ** 2, (0, model.noise_dims))
    between = [1] * (weight.ndim - 3)  # the axes of weight from cells to dim: seeds
    energy = energy[0] if parameters is None else energy.reshape(len(energy), *between, -1)
    covariance = (coordinates * (energy + noise**2)[..., None, :]) @ coordinates.mT
    power = covariance.diagonal(dim1=-2, dim2=-1).mean(-1)
    floor = torch.diag_embed((readout**2 * power)[..., None].expand(*power.shape, weight.shape[-2]))
    inverse = torch.linalg.pinv(covariance + floor, hermitian=True, rtol=1e-10)
    columns = coordinates[..., : model.num_features]
    explained = (columns * (inverse @ columns)).sum(-2)
    return Probe(model, (energy[..., : model.num_features] * explained).clamp(0, 1))
