"""SimCLR: two views of a sample find each other among those of the batch."""

from typing import Literal

import torch
from torch import Generator, Tensor, nn

from viewlearn.bounds import Temperature, Width
from viewlearn.data import Batch
from viewlearn.encoders import Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.losses import neutral_loss, nt_xent, spectral, viewmaker_nt_xent
from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.methods.redirect import leaf_of, redirected
from viewlearn.methods.scoring import candidate_views, pair_scores, unrecorded
from viewlearn.views import Compose, Params


class SimCLR(Method):
    """Contrasts two views of each sample with all views of the batch, over all processes (Chen et al. 2020, eq. 1).

    Both views pass through the encoder as one batch, so BatchNorm takes their statistics together, as in SimCLR's own
    code; the published Viewmaker code passes them one after the other. In several processes, statistics are those of
    all, so that training is that of one process on the concatenated batch (``--sync_batch_norm``).

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the views.
        temperature: Temperature τ of the loss.
        head: Projection behind the encoder: none, linear or mlp.
        dim: Dimension of the projection.
        hidden: Number of units in the hidden layer of ``mlp``; as many as the encoder's features by default.
        loss: ``nt_xent`` is symmetric with self-similarity masked; ``viewmaker`` is the published Viewmaker variant,
            one-sided with self-similarity kept (its value is lower by log 2·batch); ``spectral`` is HaoChen et al.'s.

        game: What learned views want: ``adversarial`` ones increase the loss; ``neutral`` ones decrease NeuTraL's
            (``neutral_loss``), which keeps them near the clean sample and apart from each other. It costs half a step
            more: clean samples are encoded, too, and the views' gradient is taken by itself.

    Raises:
        ValueError: A temperature that isn't positive, a dimension below 1, or an unknown game.
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
        loss: Literal["nt_xent", "viewmaker", "spectral"] = "nt_xent",
        game: Literal["adversarial", "neutral"] = "adversarial",
    ):
        super().__init__(encoder, views)
        self.head = projection_head(head, encoder.num_features, dim, hidden)
        self.temperature = temperature
        if game not in ("adversarial", "neutral"):
            raise ValueError(f"game is {game!r}; it must be 'adversarial' or 'neutral'")
        self.loss = loss
        self.game = game

    @property
    def projections(self) -> dict[str, nn.Module]:
        return {"0": self.head}

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        drawn = self.choose(batch.x, *(self.views.sample(batch.x, generator) for _ in range(2)))
        (x1, first), (x2, second) = (self.render(batch.x, params, player) for params in drawn)
        x = torch.cat([x1, x2])
        neutral = self.game == "neutral" and x.requires_grad
        seen = leaf_of(x) if neutral else x
        z1, z2 = self.head(self.encoder(seen)).chunk(2)
        if self.loss == "spectral":
            loss = spectral(z1, z2, across_processes=True)
        else:
            function = nt_xent if self.loss == "nt_xent" else viewmaker_nt_xent
            loss = function(z1, z2, self.temperature, across_processes=True)
        with torch.no_grad():
            alignment = torch.cosine_similarity(z1.float(), z2.float()).mean()
        if neutral:
            loss = loss + redirected(x, seen, neutral_loss(self._clean(batch.x), z1, z2, self.temperature))
        return self.settle(loss, {"alignment": alignment}, first, second, pair=(z1, z2))

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
        if self.tilted is None or first[self.tilted]["score"].shape[1] == 1:
            return first, second
        seen = torch.cat([candidate_views(self.views, self.tilted, x, params) for params in (first, second)])
        with unrecorded(self.encoder), unrecorded(self.head):
            z = self.head(self.encoder(seen)).unflatten(0, (2, -1, len(x)))
        scores = pair_scores(z[0], z[1], self.temperature)
        first, second = (
            {**params, self.tilted: {**params[self.tilted], "score": score}}
            for params, score in zip((first, second), scores, strict=True)
        )
        return first, second
