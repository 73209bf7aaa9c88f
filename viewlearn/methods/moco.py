"""MoCo v2: a query finds its key, encoded by a momentum encoder, among a queue of earlier keys."""

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Generator, Tensor, nn

from viewlearn import distributed
from viewlearn.bounds import Bounds, FractionBelowOne, SmallCount, Temperature, Width
from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.encoders.heads import Head
from viewlearn.encoders.synchronized import sees_own_batch
from viewlearn.losses import info_nce
from viewlearn.methods.base import Metrics, Player, must_be_designed
from viewlearn.methods.keepers.keeper import project
from viewlearn.methods.keeping import KeepingMethod, MakeKeeper
from viewlearn.methods.momentum import momentum_copy, momentum_update
from viewlearn.methods.queue import Queue
from viewlearn.methods.redirect import leaf_of, redirected
from viewlearn.methods.scoring import (
    as_scored,
    candidate_views,
    key_scores,
    num_candidates,
    unrecorded,
    with_scores,
)
from viewlearn.methods.shuffle import encode_shuffled
from viewlearn.views import Compose, Params, View, share
from viewlearn.views.leave_one_out import entries_of


class MoCo(KeepingMethod):
    """Contrasts each query with its key and a queue of earlier keys (He et al. 2020, eq. 1 and algorithm 1).

    The defaults are those of version 2 (Chen et al. 2020, Improved Baselines with Momentum Contrastive Learning) except
    for the queue: 65,536 there, for ImageNet, and 4,096 in its CIFAR-10 notebook, which also takes a momentum of 0.99
    and τ = 0.1. Keys have no gradient, so learned views are trained through the query alone. Keys are shuffled across
    processes against leaks through BatchNorm, if there is one and its statistics aren't those of all processes.

    The queue is filled after the step that reads it, with the keys of all processes. Candidates of ``Tilted`` views are
    scored as queries, against the queue and a key of a designed view; keys are made of designed draws.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the views.
        temperature: Temperature τ of the loss.
        queue: Number of earlier keys, which are the negatives.
        momentum: Momentum of the momentum encoder, in [0, 1).
        head: Projection behind the encoder: none, linear, mlp or normed.
        dim: Dimension of the projection.
        hidden: Number of units in the hidden layer of ``mlp``; as many as the encoder's features by default.
        num_keys: Number of keys per query, each from a view of its own; the loss is their mean. More than one makes a
            control with as many views as LooC's; only the first enters the queue.
        shared: Names of entries that have the same parameters in query and keys, separated by commas.
        partner_views: Views that make the keys, in place of ``views``, which then make the queries alone; they don't
            learn.
        small_views: Multi-crop: views that make more queries of each sample, of any size that the encoder reads,
            usually smaller crops; they don't learn.
        num_small: Number of these for each sample; the loss is the mean over all pairs of query and key.
        keeper: Makes what keeps chosen changes of the views in the features: ``AugSelf``, ``CASSLE``, ``EquiMod``,
            ``ESSL``; nothing by default. Its loss has a gradient in the query's features alone.

    Raises:
        ValueError: A temperature or dimension that isn't positive, a momentum outside [0, 1), an empty queue, no keys,
            or a shared entry that isn't in the views (the message lists those that are); learned views beside
            ``views``, shared entries with other views for keys, or a keeper beside other views.
    """

    scores_candidates = True

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        temperature: Temperature = 0.2,
        queue: Annotated[int, Bounds(1, 1e7)] = 4096,
        momentum: FractionBelowOne = 0.999,
        head: Head = "mlp",
        dim: Width = 128,
        hidden: Width | None = None,
        num_keys: SmallCount = 1,
        shared: Sequence[str] | str = (),
        partner_views: View | None = None,
        small_views: View | None = None,
        num_small: SmallCount = 4,
        keeper: MakeKeeper | None = None,
    ):
        others = partner_views is not None or small_views is not None
        super().__init__(encoder, views, keeper, by_others=others)
        must_be_designed(partner_views=partner_views, small_views=small_views)
        if partner_views is not None and shared:
            raise ValueError(
                f"shared is {shared!r}; query and keys share draws of the same views, not of partner_views"
            )
        self.shared = [entry for entries in entries_of(views, shared).values() for entry in entries]
        self.head = self.make_head(head, dim, hidden)
        self.key_encoder = momentum_copy(encoder)
        self.key_head = momentum_copy(self.head)
        self.queue = Queue(queue, dim if head != "none" else encoder.num_features)
        self.temperature = temperature
        self.momentum = momentum
        self.num_keys = num_keys
        self.partner_views, self.small_views, self.num_small = partner_views, small_views, num_small
        self._fresh: list[Tensor] = []  # keys of this step, on their way into the queue
        distributed.keep_local(self, "queue")

    @property
    def projections(self) -> dict[str, nn.Module]:
        return {"0": self.head}

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        query_params = self.choose(batch.x, self.views.sample(batch.x, generator), generator)
        key_views, keys_did = zip(
            *(self._key_view(batch.x, query_params, generator) for _ in range(self.num_keys)), strict=True
        )
        key_features, keys = self._encode_keys(torch.cat(key_views), keys_did, generator)
        x, decisions = self.render(batch.x, query_params, player)
        apart = x.requires_grad and self.plays_apart(player)
        seen = leaf_of(x) if apart else x
        features = self.encoder(seen)  # after the keys, whose activations have been freed by now
        did = self.describe(query_params, decisions)
        query = project(self.head, features, did)
        queries = [query, *self._small_queries(batch.x, generator)]
        losses = [
            info_nce(each, key, self.queue.keys, self.temperature, unit_negatives=True)
            for each in queries
            for key in keys
        ]
        if player != "adversary":
            self._fresh.append(distributed.gather(keys[0]))
        with torch.no_grad():
            alignment = torch.cosine_similarity(query.float(), keys[0].float()).mean()
        loss = torch.stack(losses).mean()
        views = [(features, did, False), *((*each, True) for each in zip(key_features, keys_did, strict=True))]
        kept, metrics = self.kept(views, batch.x, generator, player)
        if apart:
            kept = kept + redirected(x, seen, -loss)

        def of_samples() -> Tensor:
            each = [key_scores(query[None], key, self.queue.keys, self.temperature) for key in keys]
            return torch.cat(each, dim=1).mean(1)

        metrics = {"alignment": alignment, **metrics}
        return self.settle(loss + kept, metrics, decisions, pair=(query, keys[0]), losses=of_samples)

    @torch.no_grad()
    def choose(self, x: Tensor, params: Params, generator: Generator) -> Params:
        """Scores the candidates of a ``Tilted`` among the views of a query (``key_scores``)."""
        name = self.tilted
        if name is None or num_candidates(name, params) == 1:
            return params
        key_did = None
        if self.partner_views is not None:
            partner = self.view_by(self.partner_views, x, generator)
        else:
            drawn = share(self.views.sample(x, generator), params, *(each for each in self.shared if each != name))
            partner = self.views.transform(x, drawn)
            key_did = self.describe(drawn, {})
        did = self.candidates_did(name, params)
        with unrecorded(self.encoder), unrecorded(self.head), unrecorded(self.key_encoder), unrecorded(self.key_head):
            z = project(self.head, self.encoder(candidate_views(self.views, name, x, params)), did)
            key = project(self.key_head, self.key_encoder(as_scored(self.views, name, partner)), key_did)
        score = key_scores(z.unflatten(0, (-1, len(x))), key, self.queue.keys, self.temperature)
        return with_scores(name, params, score)

    @torch.no_grad()
    def _encode_keys(
        self, x: Tensor, did: Sequence[Tensor | None], generator: Generator
    ) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        """Features and embeddings of the keys; what is told of them stays in its place while others are shuffled."""
        own_batch = sees_own_batch(self.key_encoder)
        features = encode_shuffled(self.key_encoder, x, generator) if own_batch else self.key_encoder(x)
        told = [each for each in did if each is not None]
        keys = project(self.key_head, features, torch.cat(told) if told else None)
        return features.chunk(self.num_keys), keys.chunk(self.num_keys)

    def _key_view(self, x: Tensor, query_params: Params, generator: Generator) -> tuple[Tensor, Tensor | None]:
        """The view that one key is made of, and what it did."""
        if self.partner_views is not None:
            return self.view_by(self.partner_views, x, generator), None
        params = share(self.views.sample(x, generator), query_params, *self.shared)
        view, decisions = self.render(x, params, "learner")
        return view, self.describe(params, decisions)

    def _small_queries(self, x: Tensor, generator: Generator) -> Sequence[Tensor]:
        if self.small_views is None:
            return ()
        small = torch.cat([self.view_by(self.small_views, x, generator) for _ in range(self.num_small)])
        return self.head(self.encoder(small)).chunk(self.num_small)

    def update(self) -> None:
        super().update()
        momentum_update(self.key_encoder, self.encoder, self.momentum)
        momentum_update(self.key_head, self.head, self.momentum)
        for keys in self._fresh:
            self.queue.push(keys)
        self._fresh.clear()
