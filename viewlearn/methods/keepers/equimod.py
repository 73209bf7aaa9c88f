"""EquiMod: the embedding of a view is predicted from that of the clean sample and from what the view did."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Count, NonNegative, Temperature, Width
from viewlearn.encoders import Encoder
from viewlearn.losses import nt_xent
from viewlearn.methods.base import Metrics
from viewlearn.methods.keepers.descriptor import DescribingKeeper, Descriptor
from viewlearn.methods.keepers.keeper import Seen
from viewlearn.views import Compose, NoViews
from viewlearn.views.pipeline import beside


class EquiMod(DescribingKeeper):
    """Predicts embeddings of views from those of clean samples and what views did (Devillers & Lefort, ICLR 2023).

    ::

        L = base + weight · NT-Xent(y_t, ŷ_t),    ŷ_t = predict([y_0, embed(d_t)]),    y = head(h)

    with h_0 the features of the clean sample, h_t those of each of its views and d_t what the view did; NT-Xent is over
    the pairs of all views of the batch that have a gradient, both of SimCLR's and MoCo's query. The head is an mlp of
    three layers with BatchNorm, ``embed`` and ``predict`` are linear with one. A step encodes the clean samples, too:
    half as much again in SimCLR.

    Logged is ``gain``, cos(y_t, ŷ_t) − cos(y_t, y_0): above 0, the embeddings aren't invariant, and the
    prediction knows how they move.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline of the method.
        factors: Names of its entries that the prediction is told of, separated by commas; all that draw something, by
            default.
        weight: Weight of the loss.
        temperature: Temperature τ of its NT-Xent.
        width: Number of units in the head's hidden layers; 2,048 in the published code, with ResNets of 512 features
            and more.
        dim: Dimension of the embeddings, and of the embedded descriptor.
        input_shape: Shape of one sample as the encoder reads it; from the data.
        num_samples: Number of samples of a clip; from the data.

    Raises:
        ValueError: As ``AugSelf`` does.
    """

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        factors: list[str] | str | None = None,
        weight: NonNegative = 1.0,
        temperature: Temperature = 0.2,
        width: Width = 512,
        dim: Width = 128,
        input_shape: tuple[Width, ...] | None = None,
        num_samples: Count | None = None,
    ):
        super().__init__(Descriptor(views, factors, input_shape, num_samples))
        self.weight, self.temperature = weight, temperature
        self.head = nn.Sequential(
            *_linear(encoder.num_features, width),
            nn.ReLU(inplace=True),
            *_linear(width, width),
            nn.ReLU(inplace=True),
            *_linear(width, dim),
        )
        self.embed = nn.Sequential(*_linear(self.descriptor.num, dim))
        self.predict = nn.Sequential(*_linear(2 * dim, dim))

    def loss(
        self, seen: Sequence[Seen], x: Tensor, encoder: Encoder, views: Compose, generator: Generator
    ) -> tuple[Tensor, Metrics]:
        moved = [view for view in seen if not view.by_momentum]
        with torch.no_grad():
            clean = beside(views, NoViews())(x)
        start = self.head(encoder(clean)).repeat(len(moved), 1)
        made = self.head(torch.cat([view.features for view in moved]))
        told = self.embed(torch.cat([view.did for view in moved]))
        predicted = self.predict(torch.cat([start, told], dim=1))
        loss = nt_xent(made, predicted, self.temperature, across_processes=True)
        with torch.no_grad():
            near, far = (torch.cosine_similarity(made.float(), other.float()) for other in (predicted, start))
        return self.weight * loss, {"loss/equimod": loss.detach(), "gain": (near - far).mean()}


def _linear(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs)
