"""SimCLR: two views of a sample find each other among those of the batch."""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import SmallCount, Temperature, Width
from viewlearn.data import Batch
from viewlearn.encoders import Encoder
from viewlearn.encoders.heads import Head
from viewlearn.losses import neutral_loss, nt_xent, spectral, viewmaker_nt_xent
from viewlearn.methods.base import Metrics, Player, must_be_designed
from viewlearn.methods.keepers.keeper import project
from viewlearn.methods.keeping import KeepingMethod, MakeKeeper
from viewlearn.methods.redirect import leaf_of, redirected
from viewlearn.methods.scoring import candidate_views, num_candidates, pair_scores, unrecorded, with_scores
from viewlearn.views import Compose, Decisions, Params, Tilted, View

Objective = Callable[[Tensor, Tensor], Tensor]


class SimCLR(KeepingMethod):
    """Contrasts two views of each sample with all views of the batch, over all processes (Chen et al. 2020, eq. 1).

    Both views pass through the encoder as one batch, so BatchNorm takes their statistics together, as in SimCLR's own
    code; the published Viewmaker code passes them one after the other. In several processes, statistics are those of
    all, so that training is that of one process on the concatenated batch (``--sync_batch_norm``).

    Candidates of ``Tilted`` views are scored by NT-Xent, whatever the loss.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the views.
        temperature: Temperature τ of the loss.
        head: Projection behind the encoder: none, linear, mlp or normed.
        dim: Dimension of the projection.
        hidden: Number of units in the hidden layer of ``mlp``; as many as the encoder's features by default.
        loss: ``nt_xent`` is symmetric with self-similarity masked; ``viewmaker`` is the published Viewmaker variant,
            one-sided with self-similarity kept (its value is lower by log 2·batch); ``spectral`` is HaoChen et al.'s.
            Or any function or module of two embeddings, ``(batch, dim)`` each, by import path, such as
            ``lightly.loss.VICRegLoss``. It gets the embeddings of one process in single precision, neither scaled nor
            gathered, and no temperature. A function has to be annotated to return a Tensor.
        game: What learned views want: ``adversarial`` ones increase the loss; ``neutral`` ones decrease NeuTraL's
            (``neutral_loss``), which keeps them near the clean sample and apart from each other. It costs half a step
            more: clean samples are encoded, too, and the views' gradient is taken by itself.
        partner_views: Views that make the second view of each sample, in place of ``views``; they don't learn.
        small_views: Multi-crop: views beside the two, of any size that the encoder reads, usually smaller crops;
            they don't learn.
        num_small: Number of these for each sample.
        keeper: Makes what keeps chosen changes of the views in the features: ``AugSelf``, ``CASSLE``, ``EquiMod``,
            ``ESSL``; nothing by default.

    With small views (multi-crop, Caron et al. 2020), the loss is the mean over all pairs of a sample's views of which
    at least one isn't small; each pair has the negatives of its own two kinds. A step encodes ``num_small`` more views,
    which is cheap as they are small, while large views and their pair stay as they are.

    Raises:
        ValueError: A temperature that isn't positive, a dimension below 1, an unknown game, learned views beside
            ``views``; a neutral game, ``Tilted`` views or a keeper with others beside them; a neutral game with
            ``Tilted`` views that are played by a network.
    """

    scores_candidates = True
    synchronizes_norms = True  # in a batch of their own, a process's views would know one another by its statistics

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        temperature: Temperature = 0.07,
        head: Head = "mlp",
        dim: Width = 128,
        hidden: Width | None = None,
        loss: Literal["nt_xent", "viewmaker", "spectral"] | Objective | nn.Module = "nt_xent",
        game: Literal["adversarial", "neutral"] = "adversarial",
        partner_views: View | None = None,
        small_views: View | None = None,
        num_small: SmallCount = 4,
        keeper: MakeKeeper | None = None,
    ):
        others = partner_views is not None or small_views is not None
        super().__init__(encoder, views, keeper, by_others=others)
        must_be_designed(partner_views=partner_views, small_views=small_views)
        if others and (game == "neutral" or self.tilted is not None):
            raise ValueError("a neutral game and Tilted views take two views by the same pipeline, and no others")
        if game == "neutral" and any(isinstance(m, Tilted) and m.chooses for m in views.modules()):
            raise ValueError(
                "Tilted by a network learns from the loss of each sample, which a neutral game has none of"
            )
        self.head = self.make_head(head, dim, hidden)
        self.temperature = temperature
        self.loss = loss
        self.game = game
        self.partner_views, self.small_views, self.num_small = partner_views, small_views, num_small

    @property
    def projections(self) -> dict[str, nn.Module]:
        return {"0": self.head}

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        views, did, rendered = self._pair(batch.x, generator, player)
        apart = (self.game == "neutral" or self.plays_apart(player)) and any(view.requires_grad for view in views)
        redirect = None
        if apart:
            x = torch.cat(views)
            seen = leaf_of(x)
            views, redirect = list(seen.chunk(2)), partial(redirected, x, seen)
        others = [] if self.small_views is None else [self.small_views] * self.num_small
        views += [self.view_by(each, batch.x, generator) for each in others]
        (h1, h2, *_), (z1, z2, *small) = self._embed(views, did)
        losses = [self._contrast(a, b) for a, b in [(z1, z2), *((a, b) for a in small for b in (z1, z2))]]
        loss = losses[0] if len(losses) == 1 else torch.stack(losses).mean()
        with torch.no_grad():
            metrics = {"alignment": torch.cosine_similarity(z1.float(), z2.float()).mean()}
        if small:
            metrics |= {"loss/large": losses[0].detach(), "loss/small": torch.stack(losses[1:]).detach().mean()}
        kept, kept_metrics = self.kept([(h1, did[0], False), (h2, did[1], False)], batch.x, generator, player)
        if redirect is not None:
            neutral = self.game == "neutral"
            kept = kept + redirect(neutral_loss(self._clean(batch.x), z1, z2, self.temperature) if neutral else -loss)

        def of_samples() -> Tensor:
            first, second = pair_scores(z1[None], z2[None], self.temperature)
            return ((first + second) / 2).squeeze(1)

        return self.settle(loss + kept, metrics | kept_metrics, *rendered, pair=(z1, z2), losses=of_samples)

    def _pair(
        self, x: Tensor, generator: Generator, player: Player
    ) -> tuple[list[Tensor], list[Tensor | None], list[Decisions]]:
        """The two large views of every sample, what they did, and what learned views decided in each that they made."""
        if self.partner_views is not None:
            first, decisions = self.view(x, generator, player)
            return [first, self.view_by(self.partner_views, x, generator)], [None, None], [decisions]
        drawn = self.choose(x, *(self.views.sample(x, generator) for _ in range(2)))
        return self.make_pair(x, drawn, player)

    def _embed(self, views: list[Tensor], did: list[Tensor | None]) -> tuple[list[Tensor], list[Tensor]]:
        """Returns features and embeddings of views; neighbors of one shape pass as one batch."""
        features: list[Tensor] = []
        embedded: list[Tensor] = []
        told = [each for each in did if each is not None]
        for _, group in groupby(views, lambda view: view.shape):
            alike = list(group)
            h = self.encoder(torch.cat(alike))
            features += h.chunk(len(alike))
            embedded += project(self.head, h, torch.cat(told) if told else None).chunk(len(alike))
        return features, embedded

    def _contrast(self, z1: Tensor, z2: Tensor) -> Tensor:
        if not isinstance(self.loss, str):
            dtype = torch.promote_types(z1.dtype, torch.float32)
            with torch.autocast(z1.device.type, enabled=False):
                loss = self.loss(z1.to(dtype), z2.to(dtype))
            if not isinstance(loss, Tensor) or loss.ndim:
                raise ValueError(f"loss makes {_kind(loss)} of two embeddings; it must make a scalar tensor")
            return loss
        if self.loss == "spectral":
            return spectral(z1, z2, across_processes=True)
        function = nt_xent if self.loss == "nt_xent" else viewmaker_nt_xent
        return function(z1, z2, self.temperature, across_processes=True)

    @torch.no_grad()
    def _clean(self, x: Tensor) -> Tensor:
        """Embeds samples without views: decoded, and through the front end."""
        for name in ("decode", "front_end"):
            if name in self.views.names:
                x = self.views[name](x)
        with unrecorded(self.encoder), unrecorded(self.head):
            return self.head(self.encoder(x))

    @torch.no_grad()
    def choose(self, x: Tensor, first: Params, second: Params) -> tuple[Params, Params]:
        """Scores the candidates of a ``Tilted`` among the views against those of the other view (``pair_scores``).

        Negatives are those of this process.
        """
        name = self.tilted
        if name is None or num_candidates(name, first) == 1:
            return first, second
        seen = torch.cat([candidate_views(self.views, name, x, params) for params in (first, second)])
        did = self.candidates_did(name, first, second)
        with unrecorded(self.encoder), unrecorded(self.head):
            z = project(self.head, self.encoder(seen), did).unflatten(0, (2, -1, len(x)))
        scores = pair_scores(z[0], z[1], self.temperature)
        return with_scores(name, first, scores[0]), with_scores(name, second, scores[1])


def _kind(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
