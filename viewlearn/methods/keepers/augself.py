"""AugSelf: what two views of a sample did differently is predicted from their features."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.bounds import Count, NonNegative, Width
from viewlearn.encoders import Encoder
from viewlearn.methods.base import Metrics
from viewlearn.methods.keepers.descriptor import DescribingKeeper, Descriptor
from viewlearn.methods.keepers.keeper import Seen, prediction_head
from viewlearn.views import Compose


class AugSelf(DescribingKeeper):
    """Predicts the difference of two views' descriptors from their features (Lee et al., NeurIPS 2021).

    ::

        L = base + weight · Σ_f ½ [ ‖tanh φ_f(h₁, h₂) − (d₁ − d₂)‖² + ‖tanh φ_f(h₂, h₁) − (d₂ − d₁)‖² ] / num_f

    over the factors f, with d their descriptors of num_f numbers, h the encoder's features, and φ_f a head of its own:
    two hidden layers with BatchNorm on both features side by side. Against a momentum encoder, the gradient reaches the
    query's features alone.

    The published code differs in that flips and quarter turns are classes, with cross-entropies; here they are flags,
    with differences as any. It ignores the order of color changes, which is among the numbers here, and mirrors the
    center of a crop that is flipped afterwards.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline of the method.
        factors: Names of its entries that are predicted, separated by commas; ``color+gray`` makes one factor of two.
            All that draw something, by default.
        weight: Weight of each factor's loss.
        width: Number of units in the heads' hidden layers.
        input_shape: Shape of one sample as the encoder reads it; from the data.
        num_samples: Number of samples of a clip; from the data.

    Raises:
        ValueError: A factor that isn't in the views (the message lists those that are), or that draws nothing.
    """

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        factors: list[str] | str | None = None,
        weight: NonNegative = 1.0,
        width: Width = 512,
        input_shape: tuple[Width, ...] | None = None,
        num_samples: Count | None = None,
    ):
        super().__init__(Descriptor(views, factors, input_shape, num_samples))
        self.weight = weight
        num_features = 2 * encoder.num_features
        self.heads = nn.ModuleList(
            prediction_head(num_features, width, size, nn.BatchNorm1d) for size in self.descriptor.sizes.values()
        )

    def loss(
        self, seen: Sequence[Seen], x: Tensor, encoder: Encoder, views: Compose, generator: Generator
    ) -> tuple[Tensor, Metrics]:
        first, *others = seen
        losses = torch.stack([self._of_pair(first, other) for other in others]).mean(0)
        metrics = dict(zip((f"loss/{name}" for name in self.descriptor.sizes), losses.detach(), strict=True))
        return self.weight * losses.sum(), metrics

    def _of_pair(self, first: Seen, second: Seen) -> Tensor:
        """The losses of all factors, ``(factor,)``."""
        difference = self.descriptor.split(first.did - second.did)
        both = torch.cat([first.features, second.features], dim=1), torch.cat([second.features, first.features], dim=1)
        losses = []
        for head, target in zip(self.heads, difference.values(), strict=True):
            forward, backward = (head(pair).to(target.dtype).tanh() for pair in both)
            losses.append((F.mse_loss(forward, target) + F.mse_loss(backward, -target)) / 2)
        return torch.stack(losses)
