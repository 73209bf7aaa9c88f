"""Instance discrimination: a view of a sample finds the sample's own memory among those of others."""

import math
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from viewlearn import distributed
from viewlearn.bounds import Count, CountOrZero, FractionBelowOne, Temperature, Width
from viewlearn.data import Batch
from viewlearn.encoders import Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.losses import info_nce, viewmaker_info_nce
from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.methods.memory_bank import MemoryBank
from viewlearn.methods.scoring import candidate_views, key_scores, num_candidates, unrecorded, with_scores
from viewlearn.views import Compose, Params


class InstDisc(Method):
    """Contrasts one view of each sample with a memory bank of all samples' embeddings (Wu et al. 2018, section 3).

    The softmax is over the memories of K samples, drawn uniformly with replacement, or of all samples. Differences
    from the published code: it trained a noise-contrastive estimate of the full softmax with K = 4,096 and a proximal
    term on ImageNet, and the full softmax on CIFAR-10 (``num_negatives=0``); and it drew K memories for each sample,
    where here all samples of a batch share the same K. Memories are written after the step that reads them.

    With learned views and ``loss="viewmaker"`` it is the published adversarial form (Tamkin et al. 2021): the views
    increase the loss against the memories, and the encoder decreases it. Candidates of ``Tilted`` views are scored
    against the memories, too.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the view.
        temperature: Temperature τ of the loss.
        num_negatives: Number K of memories drawn; 0 for all samples.
        momentum: Momentum of the memories, in [0, 1).
        head: Projection behind the encoder: none, linear, mlp or normed.
        dim: Dimension of the projection.
        hidden: Number of units in the hidden layer of ``mlp``; as many as the encoder's features by default.
        loss: ``softmax`` has the positive in the denominator; ``viewmaker`` is the published Viewmaker variant.
        num_train: Number of training samples; from the data.

    Raises:
        ValueError: A temperature or dimension that isn't positive, a momentum outside [0, 1), a negative number of
            negatives, or a missing number of training samples.
    """

    scores_candidates = True

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        temperature: Temperature = 0.07,
        num_negatives: CountOrZero = 4096,
        momentum: FractionBelowOne = 0.5,
        head: Head = "linear",
        dim: Width = 128,
        hidden: Width | None = None,
        loss: Literal["softmax", "viewmaker"] = "softmax",
        num_train: Count | None = None,
    ):
        super().__init__(encoder, views)
        if num_train is None or num_train < 2:
            raise ValueError(f"InstDisc needs num_train ≥ 2, not {num_train}; a run takes it from its data")
        self.head = projection_head(head, encoder.num_features, dim, hidden)
        self.bank = MemoryBank(num_train, dim if head != "none" else encoder.num_features, momentum)
        self.temperature = temperature
        self.num_negatives = num_negatives
        self.loss = loss
        self._fresh: list[tuple[Tensor, Tensor]] = []  # samples and embeddings of this step, on their way into the bank
        distributed.keep_local(self, "bank")

    @property
    def projections(self) -> dict[str, nn.Module]:
        return {"0": self.head}

    def forward(self, batch: Batch, generator: Generator, player: Player = "both") -> tuple[Tensor, Metrics]:
        params = self.views.sample(batch.x, generator)
        memory, negatives = self.bank.vectors[batch.index], self._negatives(generator)
        x, decisions = self.render(batch.x, self.choose(batch.x, params, memory, negatives), player)
        z = self.head(self.encoder(x))
        loss = self._contrast(z, memory, negatives)
        if player != "adversary":
            self._fresh.append((distributed.gather(batch.index), distributed.gather(z.detach())))
        with torch.no_grad():
            alignment = torch.cosine_similarity(z.float(), memory).mean()

        def losses() -> Tensor:
            return self._scores(z[None], memory, negatives).squeeze(1)

        return self.settle(loss, {"alignment": alignment}, decisions, pair=(z, memory), losses=losses)

    @torch.no_grad()
    def choose(self, x: Tensor, params: Params, memory: Tensor, negatives: Tensor) -> Params:
        """Scores the candidates of a ``Tilted`` among the views (``key_scores``)."""
        name = self.tilted
        if name is None or num_candidates(name, params) == 1:
            return params
        with unrecorded(self.encoder), unrecorded(self.head):
            z = self.head(self.encoder(candidate_views(self.views, name, x, params)))
        return with_scores(name, params, self._scores(z.unflatten(0, (-1, len(x))), memory, negatives))

    def update(self) -> None:
        super().update()
        for index, z in self._fresh:
            self.bank.write(index, z)
        self._fresh.clear()

    def _scores(self, z: Tensor, memory: Tensor, negatives: Tensor) -> Tensor:
        return key_scores(z, memory, negatives, self.temperature, among=not self.num_negatives)

    def _negatives(self, generator: Generator) -> Tensor:
        vectors = self.bank.vectors
        if not self.num_negatives:
            return vectors
        shape = (self.num_negatives,)
        rows = torch.randint(len(vectors), shape, generator=generator, device=generator.device)
        return vectors[rows.to(vectors.device)]

    def _contrast(self, z: Tensor, memory: Tensor, negatives: Tensor) -> Tensor:
        if self.num_negatives:
            function = info_nce if self.loss == "softmax" else viewmaker_info_nce
            return function(z, memory, negatives, self.temperature, unit_negatives=True)
        # All memories include the positive, so that the denominator without it is that of the full softmax.
        mean_form = viewmaker_info_nce(z, memory, negatives, self.temperature, unit_negatives=True)
        return mean_form + math.log(len(negatives)) if self.loss == "softmax" else mean_form
