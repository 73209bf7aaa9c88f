"""What features keep of views: which part of the variance of views' descriptors a linear map reads off them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from viewlearn.data import Dataset
from viewlearn.evaluation.frozen import device_of, evaluation_mode
from viewlearn.evaluation.probes.features import read_batches
from viewlearn.evaluation.probes.layers import Layered, match_layers
from viewlearn.methods.keepers.descriptor import Descriptor
from viewlearn.views import Compose, NoViews
from viewlearn.views.pipeline import beside

LEAST_VARIANCE = 1e-8  # of a number that there is something to explain in


@dataclass(frozen=True)
class Explained:
    """How well a factor's numbers are read off features.

    Args:
        r2: Mean of the numbers' R²; 1 is all, 0 no more than their mean.
        null: The same for a map that was fitted to the descriptors of other samples.
        each: R² of each number, in the order of ``View.describe``; of one that never varies, NaN.
    """

    r2: float
    null: float
    each: tuple[float, ...]

    def plain(self) -> dict[str, Any]:
        """Returns plain values for JSON, None in place of NaN."""
        known = {"r2": self.r2, "null": self.null}
        plain = {name: None if math.isnan(value) else value for name, value in known.items()}
        return {**plain, "each": [None if math.isnan(value) else value for value in self.each]}


@torch.no_grad()
def described_variance(
    encoder: Layered,
    views: Compose,
    train: Dataset,
    test: Dataset,
    factors: Sequence[str] | str | None = None,
    *,
    input_shape: tuple[int, ...],
    num_samples: int | None = None,
    layers: Sequence[str] = ("*",),
    ridge: float = 1e-2,
    batch_size: int = 256,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> dict[tuple[str, str], Explained]:
    """Measures which part of the variance of views' descriptors a linear map reads off the features of each layer.

    ::

        R² = 1 − Σ (d − d̂)² / Σ (d − mean d)²,    d̂ = a linear map of [h(clean), h(view)]

    of each number d by itself, on samples and draws that the map wasn't fitted to, and then averaged. The map is fitted
    by ridge regression to standardized features. Features that are invariant to a view have 0 for it; some numbers
    can't be told even from the pixels, such as the hue of a gray image, so that 1 isn't to be had.

    Args:
        encoder: Encoder with layers, see ``layered``.
        views: Pipeline from stored samples to what the encoder reads; the factors are entries of it.
        train: Samples in storage form that the map is fitted to.
        test: Samples that it is measured on.
        factors: Names of the factors, as keepers have them; None for all entries that draw something.
        input_shape: Shape of one sample as the encoder reads it.
        num_samples: Number of samples of a clip; None for images.
        layers: Names or patterns of layers, see ``match_layers``.
        ridge: Weight of the penalty, in units of the features' variances.
        batch_size: Number of samples at a time.
        device: Device of the computation; None for the encoder's.
        seed: Seed of the views' draws.

    Returns:
        By (layer, factor).

    Raises:
        ValueError: There is no such layer or factor, or a factor that draws nothing.
    """
    descriptor = Descriptor(views, factors, input_shape, num_samples)
    device = device_of(encoder) if device is None else torch.device(device)
    generator = torch.Generator().manual_seed(seed)
    clean = beside(views, NoViews())
    sides = []
    with evaluation_mode(views), evaluation_mode(encoder):
        for dataset in (train, test):
            features: dict[str, list[Tensor]] = {}
            told = []
            for batch in read_batches(dataset, batch_size):
                x = batch.x.to(device)
                params = views.sample(x, generator)
                view, decisions = views.render(x, params, descriptor.entries)
                told.append(descriptor(params, decisions).cpu())
                pair = encoder.features(clean(x)), encoder.features(view)
                for layer in match_layers(layers, pair[0]):
                    both = torch.cat([each[layer].flatten(1) for each in pair], dim=1)
                    features.setdefault(layer, []).append(both.float().cpu())
            sides.append(({layer: torch.cat(parts) for layer, parts in features.items()}, torch.cat(told)))
    (h, d), (test_h, test_d) = sides
    others = d[torch.randperm(len(d), generator=generator)]
    explained = {}
    for layer in h:
        r2 = descriptor.split(r_squared(h[layer], d, test_h[layer], test_d, ridge))
        null = descriptor.split(r_squared(h[layer], others, test_h[layer], test_d, ridge))
        for factor, each in r2.items():
            values = tuple(each[0].tolist())
            explained[layer, factor] = Explained(float(each.nanmean()), float(null[factor].nanmean()), values)
    return explained


def r_squared(x: Tensor, y: Tensor, test_x: Tensor, test_y: Tensor, ridge: float) -> Tensor:
    """Computes R² on test samples of ridge regression from standardized x, for each column of y: ``(1, num)``.

    It is NaN for a column that is constant on either side.

    Args:
        x: ``(n, num_features)``.
        y: ``(n, num)``.
        test_x: Those of other samples.
        test_y: Those of other samples.
        ridge: Weight of the penalty, in units of the features' variances.
    """
    x, y, test_x, test_y = (each.double() for each in (x, y, test_x, test_y))
    mean, std = x.mean(0), x.std(0, correction=0).clamp_min(1e-6)
    x, test_x = (x - mean) / std, (test_x - mean) / std
    covariance = x.T @ x / len(x) + ridge * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(covariance, x.T @ (y - y.mean(0)) / len(x))
    residual = (test_y - y.mean(0) - test_x @ weight).square().mean(0)
    variance = test_y.var(0, correction=0)
    varies = (variance > LEAST_VARIANCE) & (y.var(0, correction=0) > LEAST_VARIANCE)
    return torch.where(varies, 1 - residual / variance.clamp_min(LEAST_VARIANCE), torch.nan)[None]
