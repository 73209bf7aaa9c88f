"""CASSLE: the projection is told what the view did, so that features needn't forget it."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Generator, Tensor, nn

from viewlearn.bounds import Count, SmallCount, Width
from viewlearn.encoders import Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.methods.base import Metrics
from viewlearn.methods.keepers.descriptor import DescribingKeeper, Descriptor
from viewlearn.methods.keepers.keeper import ListeningHead, Seen
from viewlearn.views import Compose


class CASSLE(DescribingKeeper):
    """Conditions the projection on the descriptor of the view that it projects (Przewięźlikowski et al., CASSLE).

    ::

        z = head([h, mlp(d)])

    with d what the view did and h its features. The loss is the method's own: where the projection is told what was
    done, it can undo it, and the features needn't. A momentum encoder's projection is told of its own view. With an
    encoder's clean input, d is 0, what leaves an input as it is.

    The published runs also tell by how much the mean color has changed.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline of the method.
        factors: Names of its entries that are told, separated by commas; all that draw something, by default.
        depth: Number of layers of the network that reads the descriptor, each linear, BatchNorm and ReLU.
        width: Number of units in each.
        input_shape: Shape of one sample as the encoder reads it; from the data.
        num_samples: Number of samples of a clip; from the data.

    Raises:
        ValueError: A factor that isn't in the views (the message lists those that are), or that draws nothing; a method
            without a projection to tell (``head none``).
    """

    adds_loss = False

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        factors: list[str] | str | None = None,
        depth: SmallCount = 6,
        width: Width = 64,
        input_shape: tuple[Width, ...] | None = None,
        num_samples: Count | None = None,
    ):
        super().__init__(Descriptor(views, factors, input_shape, num_samples))
        self.depth, self.width = depth, width

    def make_head(self, kind: Head, num_features: int, dim: int, hidden: int | None) -> nn.Module:
        if kind == "none":
            raise ValueError("head is 'none'; CASSLE tells the projection what was done, so there must be one")
        num = self.descriptor.num
        widths = [num] + [self.width] * self.depth
        layers = [_layer(*pair) for pair in pairwise(widths)]
        head = projection_head(kind, num_features + self.width, dim, hidden or num_features)
        return ListeningHead(head, nn.Sequential(*layers), num)

    def loss(
        self, seen: Sequence[Seen], x: Tensor, encoder: Encoder, views: Compose, generator: Generator
    ) -> tuple[Tensor, Metrics]:
        return seen[0].features.new_zeros(()), {}


def _layer(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(inplace=True))
