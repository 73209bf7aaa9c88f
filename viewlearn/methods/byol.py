"""BYOL: a view predicts what a slow copy of the network makes of the other view, without negatives."""

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.bounds import FractionBelowOne, Width
from viewlearn.data import Batch
from viewlearn.encoders import Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.methods.base import Metrics, Player
from viewlearn.methods.keepers.keeper import project
from viewlearn.methods.keeping import KeepingMethod, MakeKeeper
from viewlearn.methods.momentum import momentum_copy, momentum_update
from viewlearn.methods.redirect import leaf_of, redirected
from viewlearn.views import Compose


class BYOL(KeepingMethod):
    """Predicts the momentum encoder's embedding of the other view, and has no negatives (Grill et al. 2020, eq. 2).

    ::

        L = ½ Σ_v [ 2 − 2 cos( predict(z_v), z'_w ) ],    w the other view than v

    with z the projection of the network and z' that of its slow copy, which has no gradient. The paper adds up both
    terms, which is twice as much, and has the momentum rise to 1; here it stays. Both views pass as one batch, and
    learned views are trained through the network alone.

    Equal embeddings are a trivial solution, which the predictor and the slow copy keep training away from. Learned
    views increase the loss: they make views that can't be predicted from one another. Whether features collapse is
    watched by ``--monitor_every``.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the views.
        momentum: Momentum of the momentum encoder, in [0, 1).
        head: Projection behind the encoder: none, linear, mlp or normed.
        dim: Dimension of the projection.
        hidden: Number of units in the hidden layers of projection and prediction; as many as the encoder's features by
            default.
        keeper: Makes what keeps chosen changes of the views in the features: ``AugSelf``, ``CASSLE``, ``EquiMod``,
            ``ESSL``; nothing by default.

    Raises:
        ValueError: A dimension that isn't positive, or a momentum outside [0, 1).
    """

    synchronizes_norms = True

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        momentum: FractionBelowOne = 0.99,
        head: Head = "normed",
        dim: Width = 256,
        hidden: Width | None = None,
        keeper: MakeKeeper | None = None,
    ):
        super().__init__(encoder, views, keeper, by_others=False)
        hidden = hidden or encoder.num_features
        width = encoder.num_features if head == "none" else dim
        self.head = self.make_head(head, dim, hidden)
        self.predictor = projection_head("normed", width, width, hidden)
        self.key_encoder = momentum_copy(encoder)
        self.key_head = momentum_copy(self.head)
        self.momentum = momentum

    @property
    def projections(self) -> dict[str, nn.Module]:
        return {"0": self.head}

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        views, did, rendered = self.make_pair(
            batch.x, [self.views.sample(batch.x, generator) for _ in range(2)], player
        )
        told = [each for each in did if each is not None]
        told = torch.cat(told) if told else None
        x = torch.cat(views)
        with torch.no_grad():
            slow = project(self.key_head, self.key_encoder(x.detach()), told)
        apart = x.requires_grad and self.plays_apart(player)
        seen = leaf_of(x) if apart else x
        features = self.encoder(seen)
        embedded = project(self.head, features, told)
        partners = slow.roll(len(batch.x), 0)
        dtype = torch.promote_types(embedded.dtype, torch.float32)
        similarity = F.cosine_similarity(self.predictor(embedded).to(dtype), partners.to(dtype))
        loss = (2 - 2 * similarity).mean()
        z1, z2 = embedded.chunk(2)
        with torch.no_grad():
            metrics = {"alignment": F.cosine_similarity(z1.float(), z2.float()).mean()}
        pairs = [(h, each, False) for h, each in zip(features.chunk(2), did, strict=True)]
        kept, kept_metrics = self.kept(pairs, batch.x, generator, player)
        if apart:
            kept = kept + redirected(x, seen, -loss)
        return self.settle(loss + kept, metrics | kept_metrics, *rendered, pair=(z1, z2))

    def update(self) -> None:
        super().update()
        momentum_update(self.key_encoder, self.encoder, self.momentum)
        momentum_update(self.key_head, self.head, self.momentum)
