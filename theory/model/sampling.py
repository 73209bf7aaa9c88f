"""Pairs of views of many models at once, from random numbers that all cells of a sweep share.

Cells differ in strengths and probabilities only. Latents, masks and noise are therefore drawn once for every seed and
used by all of its cells (common random numbers): there is less to draw, and a curve over a parameter shows the
parameter and not luck. Every seed has its own generator, so that its runs don't depend on those beside them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from theory.model.groups import FeatureGroup, GroupModel
from theory.model.parameters import Parameters


@dataclass(frozen=True)
class Draws:
    """Random numbers of one batch for every seed, (seeds, batch, directions or groups).

    Args:
        latent: Latents of the instances.
        fresh: Latents that replace destroyed ones, for each of the two views.
        noise: Noise of each of the two views.
        shared: Noise that both views share.
        uniform: Numbers in [0, 1) that decide whether a view loses a group, for each of the two views.
        coin: Which view is attacked where only one is.
    """

    latent: Tensor
    fresh: tuple[Tensor, Tensor]
    noise: tuple[Tensor, Tensor]
    shared: Tensor
    uniform: tuple[Tensor, Tensor]
    coin: Tensor


class Sampler:
    """Draws batches of a model for several seeds.

    Args:
        model: Layout; its numbers are not used.
        num_seeds: Number of independent streams.
        batch_size: Number of pairs in a batch.
        seed: First seed; stream i is a function of seed + i alone.
        device: Device on which numbers are drawn.
        dtype: Precision of the numbers.
    """

    def __init__(
        self,
        model: GroupModel,
        num_seeds: int,
        batch_size: int,
        seed: int = 0,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ):
        self.model = model
        self.batch_size = batch_size
        self.generators = [torch.Generator(device).manual_seed(seed + index) for index in range(num_seeds)]
        features, directions = model.num_features, model.num_directions
        self._widths = [features] * 3 + [directions] * 3
        options = {"device": device, "dtype": dtype}
        self._normal = torch.empty(num_seeds, batch_size * sum(self._widths), **options)
        self._uniform = torch.empty(num_seeds, 3, batch_size, len(model.groups), **options)

    def draw(self) -> Draws:
        """Draws the next batch, whose tensors the next draw overwrites."""
        for generator, normal, uniform in zip(self.generators, self._normal, self._uniform, strict=True):
            normal.normal_(generator=generator)
            uniform.uniform_(generator=generator)
        blocks = self._normal.split([self.batch_size * width for width in self._widths], -1)
        parts = [b.reshape(-1, self.batch_size, w) for b, w in zip(blocks, self._widths, strict=True)]
        latent, fresh1, fresh2 = (self._shape_latents(part) for part in parts[:3])
        first, second, coin = self._uniform.unbind(1)
        return Draws(latent, (fresh1, fresh2), (parts[3], parts[4]), parts[5], (first, second), coin < 0.5)

    def pairs(self, draws: Draws, parameters: Parameters) -> tuple[Tensor, Tensor]:
        """Returns both views, each (cells, seeds, batch, input_dim)."""
        return self._view(draws, parameters, 0), self._view(draws, parameters, 1)

    def _view(self, draws: Draws, parameters: Parameters, view: int) -> Tensor:
        parameters = parameters.to(draws.latent)

        def per_cell(values: Tensor) -> Tensor:
            return values.reshape(len(parameters), 1, 1, -1)

        x = per_cell(parameters.noise) * draws.noise[view]
        if bool((parameters.shared_noise > 0).any()):
            x = x + per_cell(parameters.shared_noise) * draws.shared
        for index, group in enumerate(self.model.groups):
            where = self.model.directions(group.name)
            destroy = per_cell(parameters.destroy[:, index])
            if group.views == "one":
                destroy = destroy * (draws.coin if view == 0 else ~draws.coin)[..., index, None]
            latent = _destroyed(
                group,
                draws.latent[..., where],
                draws.fresh[view][..., where],
                draws.uniform[view][..., index, None],
                destroy,
            )
            x[..., where] += per_cell(parameters.strengths[:, where]) * latent
        return x if self.model.basis is None else x @ self.model.basis.to(x).mT

    def _shape_latents(self, normal: Tensor) -> Tensor:
        """Turns normal numbers into each group's latent distribution, of mean 0 and covariance I."""
        if all(group.latent == "gaussian" for group in self.model.groups):
            return normal
        return torch.cat([_latents(g, normal[..., self.model.directions(g.name)]) for g in self.model.groups], -1)


def simplex(num_directions: int, like: Tensor) -> Tensor:
    """Returns the vertices of a regular simplex of mean 0 and covariance I, (num_directions + 1, num_directions)."""
    num = num_directions + 1
    centered = torch.eye(num, dtype=torch.float64) - 1 / num
    _, _, axes = torch.linalg.svd(centered)
    return (centered @ axes[:num_directions].mT * num**0.5).to(like)


def _latents(group: FeatureGroup, normal: Tensor) -> Tensor:
    if group.latent == "gaussian":
        return normal
    if group.latent == "rademacher":
        return torch.where(normal < 0, -1.0, 1.0).to(normal)
    num = group.num_directions + 1
    uniform = 0.5 * (1 + torch.erf(normal[..., 0] / 2**0.5))
    return simplex(group.num_directions, normal)[(uniform * num).long().clamp_max(num - 1)]


def _destroyed(group: FeatureGroup, latent: Tensor, fresh: Tensor, uniform: Tensor, destroy: Tensor) -> Tensor:
    """Returns the group's latent as a view shows it, (cells, seeds, batch, directions)."""
    if group.mode == "gauss":
        kept = 1 - destroy
        return kept * latent + (1 - kept.square()).sqrt() * fresh
    lost = uniform < destroy
    return torch.where(lost, fresh, latent) if group.mode == "resample" else latent * ~lost
