"""Noise and mixtures on z-scored spectrograms."""

import math
from typing import Annotated

import torch
from torch import Generator, Tensor

from viewlearn.bounds import Ascending, FractionBelowOne, NonNegativeRange, PositiveDecibels
from viewlearn.views import Params, View, draw
from viewlearn.views.description import columns, within_range


class SpectrogramNoise(View):
    """Adds Gaussian noise to a z-scored spectrogram: z + σ·n.

    Parameters: ``std`` (batch,) and ``noise``, standard normal in the shape of z.

    Args:
        std: Lowest and highest σ, in standard deviations of the data set's log-mel values.

    Raises:
        ValueError: A negative σ.
    """

    continuous = True

    def __init__(self, std: NonNegativeRange = (0.25, 0.25)):
        super().__init__()
        self.std = std

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {"std": draw.uniform(x, *self.std, generator), "noise": draw.normal(x, generator, *x.shape[1:])}

    def transform(self, x: Tensor, params: Params) -> Tensor:
        return torch.addcmul(x, _per_sample(params["std"], x), params["noise"].to(x.dtype))

    def describe(self, resolved: Params) -> Tensor:
        """Describes σ, as a part of the largest."""
        return columns(within_range(resolved["std"], 0.0, self.std[1], start=0.0))


RatioRange = Annotated[tuple[FractionBelowOne, FractionBelowOne], Ascending()]


class LogMixup(View):
    """Mixes in another sample of the batch, at a low level and in linear power (Niizumi et al., BYOL-A, 2021, eq. 2)::

        z' = log((1 − λ)·e^(c·z) + λ·e^(c·z_other)) / c,   c = unit_db·ln 10 / 10,   λ ~ U[low, high]

    The mean of the z-scoring cancels, so that only its unit is needed. Parameters, each (batch,): ``ratio`` λ, and
    ``offset``: sample i takes from sample (i + offset) mod batch. BYOL-A takes from a memory of past batches instead;
    here nothing is remembered between calls, so the same parameters always give the same views.

    Args:
        ratio: Lowest and highest λ, in [0, 1).
        unit_db: One unit of the spectrogram in dB: the standard deviation that it was z-scored with.

    Raises:
        ValueError: A ratio outside [0, 1), or a unit that isn't positive.
    """

    def __init__(
        self,
        ratio: RatioRange = (0.0, 0.4),
        unit_db: PositiveDecibels = 12.0,
    ):
        super().__init__()
        self.ratio = ratio
        self.continuous = ratio[0] < ratio[1]
        self.unit_db = unit_db

    def sample(self, x: Tensor, generator: Generator | None = None) -> Params:
        return {
            "ratio": draw.uniform(x, *self.ratio, generator),
            "offset": draw.integers(x, 1, max(2, len(x)), generator),
        }

    def transform(self, x: Tensor, params: Params) -> Tensor:
        other = x[(torch.arange(len(x), device=x.device) + params["offset"]) % len(x)]
        ratio, scale = _per_sample(params["ratio"], x), self.unit_db * math.log(10) / 10
        return torch.logaddexp((-ratio).log1p() + scale * x, ratio.log() + scale * other) / scale

    def describe(self, resolved: Params) -> Tensor:
        """Describes λ, not which sample was mixed in."""
        return columns(resolved["ratio"])


def _per_sample(value: Tensor, x: Tensor) -> Tensor:
    """``(batch,)`` values in x's floating-point type, ready to broadcast over ``(batch, channel, mel, frame)``."""
    return value.to(x.dtype)[:, None, None, None]
