"""What a keeper is, and where a method asks it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Checked
from viewlearn.encoders import Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.methods.base import Metrics
from viewlearn.views import Compose, Decisions, Params


@dataclass(frozen=True)
class Seen:
    """One view of each sample of a batch, as a method encoded it.

    Args:
        features: Its features ``(batch, num_features)``.
        did: What the view did, as ``Keeper.describe`` says it: ``(batch, num)``.
        by_momentum: Whether the momentum encoder made the features, which have no gradient then.
    """

    features: Tensor
    did: Tensor
    by_momentum: bool = False


class Keeper(nn.Module, Checked, ABC):
    """Adds to a contrastive method what keeps the changes of chosen views in its features.

    ::

        method = SimCLR(encoder, views, keeper=partial(AugSelf, factors="crop,color", input_shape=(3, 32, 32)))

    A method with a keeper (``SimCLR``, ``MoCo``) asks it at three places: ``describe`` says of each view what it did,
    ``make_head`` makes the projection, which may be told, and ``loss`` is added to the method's own. Learned views play
    against the method's own loss alone: what a keeper adds has no gradient in them, so that they don't learn to hide
    from it what they did. That costs a backward pass of the method's own loss, without gradients of weights.

    Attributes:
        adds_loss: Whether ``loss`` is anything but 0.
        described: Names of the entries that ``describe`` reads.
    """

    adds_loss: bool = True
    described: frozenset[str] = frozenset()

    @abstractmethod
    def describe(self, params: Params, decisions: Decisions) -> Tensor:
        """Says what a view did to each sample: ``(batch, num)`` float32, or (1, 0).

        Args:
            params: Parameters of the method's views.
            decisions: What learned views among them decided.
        """

    def make_head(self, kind: Head, num_features: int, dim: int, hidden: int | None) -> nn.Module:
        """Makes the method's projection; by default, one that isn't told anything (``projection_head``)."""
        return projection_head(kind, num_features, dim, hidden)

    @abstractmethod
    def loss(
        self, seen: Sequence[Seen], x: Tensor, encoder: Encoder, views: Compose, generator: Generator
    ) -> tuple[Tensor, Metrics]:
        """Computes what is added to the method's loss, a scalar, and metrics to log.

        Args:
            seen: The method's views of the batch, two or more.
            x: Stored samples.
            encoder: Encoder, for views beside these.
            views: The method's pipeline.
            generator: Random numbers for views beside these.
        """


def prediction_head(num_features: int, width: int, num: int, norm: Callable[[int], nn.Module]) -> nn.Module:
    """Makes the network that predicts ``num`` numbers from features: two hidden layers, each with a norm and a ReLU."""
    return nn.Sequential(
        nn.Linear(num_features, width),
        norm(width),
        nn.ReLU(inplace=True),
        nn.Linear(width, width),
        norm(width),
        nn.ReLU(inplace=True),
        nn.Linear(width, num),
    )


def project(head: nn.Module, features: Tensor, did: Tensor | None) -> Tensor:
    """Projects features by a head, which is told what was done if it listens."""
    return head(features, did) if isinstance(head, ListeningHead) and did is not None else head(features)


class ListeningHead(nn.Module):
    """A projection that is told what views did: it reads the features and, beside them, a network's map of that.

    ::

        z = head([h, tell(did)])

    Args:
        head: Projection of features and the network's output side by side.
        tell: Network from ``(batch, num)`` descriptors to ``(batch, width)``.
        num: Number of descriptors.
    """

    def __init__(self, head: nn.Module, tell: nn.Module, num: int):
        super().__init__()
        self.head, self.tell, self.num = head, tell, num

    def forward(self, features: Tensor, did: Tensor | None = None) -> Tensor:
        """Projects features ``(batch, num_features)``; what was done is nothing, zeros, unless it is given."""
        did = features.new_zeros(len(features), self.num) if did is None else did
        return self.head(torch.cat([features, self.tell(did)], dim=1))
