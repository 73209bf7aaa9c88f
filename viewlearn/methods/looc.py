"""LooC: an embedding space that is invariant to all factors, and one for each factor that keeps it."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Generator, Tensor, nn

from viewlearn import distributed
from viewlearn.bounds import Bounds, FractionBelowOne, Temperature, Width
from viewlearn.data import Batch
from viewlearn.encoders import BranchedBackbone, Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.encoders.synchronized import sees_own_batch
from viewlearn.losses import looc_losses
from viewlearn.methods.base import Method, Metrics, Player, learns
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
from viewlearn.views import Compose, LeaveOneOut, Params


class LooC(Method):
    """Leave-one-out contrastive learning over any entries of the views (Xiao et al., ICLR 2021, section 3).

    With n factors, each sample has n + 2 views: the query; key k_0, which shares nothing with it; and keys k_1 … k_n,
    each of which shares one factor (``LeaveOneOut``). Space Z_0 finds k_0, so it becomes invariant to all factors; Z_i
    finds k_i and tells it from the keys of the same sample that differ in factor i, so it keeps that factor
    (``looc_loss``). Only the query has a gradient: a step costs one forward and backward pass of the encoder and n + 1
    forward passes of its momentum copy, in one batch. Downstream tasks use the encoder's features.

    *LooC++*: with a ``BranchedBackbone`` of n + 1 branches, space i has a last stage of its own.

    A learned view may be a factor: what is shared is its noise. It is trained through the query, and plays against the
    spaces that are to ignore it, not against the one that is to keep it; this costs a backward pass through the encoder
    (without gradients of its weights) for each such factor. Candidates of a ``Tilted`` view are scored as queries, in
    the space Z_0 that ignores all factors, against a key of a designed view; keys that share it share the choice.

    Args:
        encoder: Maps inputs to features; a ``BranchedBackbone`` makes it LooC++.
        views: Pipeline that makes the views.
        factors: Names of the views' entries, separated by commas; ``color+gray,rotation`` makes one factor of two
            entries and another of one.
        negatives: ``queue`` keeps a queue per space, filled with that space's own keys k_i (published); ``batch`` takes
            the batch's other k_i, for small data.
        temperature: Temperature τ of the loss.
        queue: Number of earlier keys that each space has as negatives; 16,384 in the paper, for ImageNet-100.
        momentum: Momentum of the momentum encoder, in [0, 1).
        head: Projection behind the encoder, one per space: none, linear, mlp or normed.
        dim: Dimension of the projections.
        hidden: Number of units in the hidden layer of ``mlp``; as many as its inputs by default.
        redraw: Whether a discrete factor is drawn again if another view has the query's by chance.

    Raises:
        ValueError: A factor that isn't in the views (the message lists those that are), branches that don't fit the
            factors, a temperature or dimension that isn't positive, a momentum outside [0, 1), an empty queue.
    """

    queues: Sequence[Queue]
    scores_candidates = True

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        factors: list[str] | str,
        negatives: Literal["queue", "batch"] = "queue",
        temperature: Temperature = 0.2,
        queue: Annotated[int, Bounds(1, 1e7)] = 4096,
        momentum: FractionBelowOne = 0.999,
        head: Head = "mlp",
        dim: Width = 128,
        hidden: Width | None = None,
        redraw: bool = True,
    ):
        super().__init__(encoder, views)
        self.draws = LeaveOneOut(views, factors, redraw)
        self.spaces = ["all", *self.draws.names]
        num_features = _features_per_space(encoder, self.spaces)
        self.heads = nn.ModuleList(projection_head(head, num_features, dim, hidden) for _ in self.spaces)
        self.key_encoder = momentum_copy(encoder)
        self.key_heads = momentum_copy(self.heads)
        width = num_features if head == "none" else dim
        queues = [Queue(queue, width) for _ in self.spaces] if negatives == "queue" else []
        self.queues = nn.ModuleList(queues)  # pyrefly: ignore[bad-assignment]: it knows no type of its elements
        self.temperature = temperature
        self.momentum = momentum
        self._fresh: list[Tensor] = []  # keys of this step, on their way into the queues
        if queues:
            distributed.keep_local(self, "queues")

    @property
    def projections(self) -> dict[str, nn.Module]:
        return dict(zip(self.spaces, self.heads, strict=True))

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        query_params, key_params = self.draws.sample(
            batch.x, generator, lambda params: self.choose(batch.x, params, generator)
        )
        keys = torch.cat([self.render(batch.x, params, "learner")[0] for params in key_params])
        keys = self._encode_keys(keys, generator)
        keys = rearrange(keys, "(view batch) space dim -> space view batch dim", view=len(key_params))
        x, decisions = self.render(batch.x, query_params, player)
        apart = x.requires_grad and any(self._keeps(name) for name in self.views.names)
        seen = leaf_of(x) if apart else x
        query = self.project(self.encoder(seen))  # after the keys, whose activations have been freed by now
        negatives = [queue.keys for queue in self.queues] or None
        by_sample = looc_losses(query.unbind(1), keys.unbind(0), negatives, self.temperature, across_processes=True)
        losses = by_sample.mean(1)
        if negatives is not None and player != "adversary":
            own = torch.stack([keys[i, i] for i in range(len(self.spaces))], dim=1)  # space i takes k_i only
            self._fresh.append(distributed.gather(own))
        metrics = {f"loss/{space}": loss for space, loss in zip(self.spaces, losses.detach(), strict=True)}
        loss = losses.mean()
        if apart:
            loss = loss + self._played_apart(losses, x, seen)

        def of_samples() -> Tensor:
            kept = None if self.tilted is None else self._keeps(self.tilted)
            return torch.stack([each for space, each in enumerate(by_sample) if space != kept]).mean(0)

        return self.settle(loss, metrics, decisions, pair=(query[:, 0], keys[0, 0]), losses=of_samples)

    @torch.no_grad()
    def choose(self, x: Tensor, params: Params, generator: Generator) -> Params:
        """Scores the candidates of a ``Tilted`` among the views of a query (``key_scores``)."""
        name = self.tilted
        if name is None or num_candidates(name, params) == 1:
            return params
        partner = as_scored(self.views, name, self.views.transform(x, self.views.sample(x, generator)))
        with unrecorded(self.encoder), unrecorded(self.heads), unrecorded(self.key_encoder), unrecorded(self.key_heads):
            z = self.project(self.encoder(candidate_views(self.views, name, x, params)))[:, 0]
            key = _project(self.key_encoder, self.key_heads, self.key_encoder(partner))[:, 0]
        negatives = self.queues[0].keys if self.queues else F.normalize(key.float(), dim=1)
        score = key_scores(z.unflatten(0, (-1, len(x))), key, negatives, self.temperature, among=not self.queues)
        return with_scores(name, params, score)

    def update(self) -> None:
        super().update()
        momentum_update(self.key_encoder, self.encoder, self.momentum)
        momentum_update(self.key_heads, self.heads, self.momentum)
        for keys in self._fresh:
            for queue, own in zip(self.queues, keys.unbind(1), strict=True):
                queue.push(own)
        self._fresh.clear()

    def project(self, features: Tensor) -> Tensor:
        """Maps features to the embeddings in all spaces: ``(batch, num_features)`` to ``(batch, space, dim)``.

        Space 0 is Z_0 and the others are in the factors' order, see ``spaces``. They aren't scaled to unit length.
        """
        return _project(self.encoder, self.heads, features)

    def _keeps(self, entry: str) -> int | None:
        """Returns the space that keeps a learned entry's factor; None if no space does, or the entry doesn't learn."""
        spaces = [i + 1 for i, entries in enumerate(self.draws.factors.values()) if entry in entries]
        return spaces[0] if spaces and learns(self.views[entry]) else None

    def _played_apart(self, losses: Tensor, x: Tensor, seen: Tensor) -> Tensor:
        """Has each learned view increase the losses of the spaces that are to ignore it, and not of the one that isn't.

        Returns:
            0, with these gradients in the views' weights.
        """
        groups: dict[int | None, list[nn.Parameter]] = {}
        for name, entry in self.views.entries.items():
            own = [parameter for parameter in entry.parameters() if parameter.requires_grad]
            if own:
                groups.setdefault(self._keeps(name), []).extend(own)
        terms = []
        for kept, weights in groups.items():
            objective = torch.cat([losses[:kept], losses[kept + 1 :]]).mean() if kept is not None else losses.mean()
            terms.append(redirected(x, seen, -objective, weights))
        return torch.stack(terms).sum()

    @torch.no_grad()
    def _encode_keys(self, x: Tensor, generator: Generator) -> Tensor:
        def encode(x: Tensor) -> Tensor:
            return _project(self.key_encoder, self.key_heads, self.key_encoder(x))

        return encode_shuffled(encode, x, generator) if sees_own_batch(self.key_encoder) else encode(x)


def _project(encoder: Encoder, heads: nn.ModuleList, features: Tensor) -> Tensor:
    branched = isinstance(encoder, BranchedBackbone)
    parts = features.chunk(len(heads), dim=1) if branched else [features] * len(heads)
    return torch.stack([head(part) for head, part in zip(heads, parts, strict=True)], dim=1)


def _features_per_space(encoder: Encoder, spaces: list[str]) -> int:
    if not isinstance(encoder, BranchedBackbone):
        return encoder.num_features
    if len(encoder.branches) != len(spaces):
        raise ValueError(
            f"the encoder has {len(encoder.branches)} branches; LooC++ needs {len(spaces)}, one for each of the spaces "
            f"{', '.join(spaces)}"
        )
    return encoder.num_features // len(encoder.branches)
