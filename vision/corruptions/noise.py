"""Noise: Gaussian, shot and impulse."""

from typing import ClassVar

import torch
from torch import Generator, Tensor

from viewlearn.views import Params, draw
from vision.corruptions.corruption import Corruption


class GaussianNoise(Corruption):
    """Adds noise: clamp(x + c · noise, 0, 1).

    Parameters: ``noise`` (batch, channel, height, width) of the standard normal distribution. Arguments and errors
    are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (0.08, 0.12, 0.18, 0.26, 0.38), "cifar": (0.04, 0.06, 0.08, 0.09, 0.10)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"noise": draw.normal(x, generator, *x.shape[1:])}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return (x + self.constants(x) * params["noise"].to(x)).clamp(0, 1)


class ShotNoise(Corruption):
    """Replaces x by Poisson(c · x) / c, clamped: the noise of counting c photons at full brightness.

    Parameters: ``seed`` (batch,), from which each sample's counts are drawn, on the CPU, so that every device has the
    same counts. There is no gradient. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (60, 25, 12, 5, 3), "cifar": (500, 250, 100, 75, 50)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"seed": draw.integers(x, 0, 2**62, generator)}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        photons = self.constants(x)
        generator = torch.Generator()
        counts = [
            torch.poisson(rate, generator.manual_seed(seed))
            for rate, seed in zip((photons * x).detach().float().cpu(), params["seed"].tolist(), strict=True)
        ]
        return (torch.stack(counts) / photons).clamp(0, 1).to(x)


class ImpulseNoise(Corruption):
    """Adds salt and pepper: each channel of each pixel becomes 0 or 1, as often either, with probability c.

    Parameters: ``hit`` and ``salt`` (batch, channel, height, width), uniform in [0, 1): hit below c, and then 1 if
    salt is below ½. Arguments and errors are those of ``Corruption``.
    """

    CONSTANTS: ClassVar = {"imagenet": (0.03, 0.06, 0.09, 0.17, 0.27), "cifar": (0.01, 0.02, 0.03, 0.05, 0.07)}

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {name: draw.uniform(x, 0.0, 1.0, generator, *x.shape[1:]) for name in ("hit", "salt")}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return torch.where(params["hit"] < self.constants(x), (params["salt"] < 0.5).to(x), x)
