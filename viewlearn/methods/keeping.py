"""Methods that a keeper may be added to."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn

from viewlearn.encoders import Encoder, projection_head
from viewlearn.encoders.heads import Head
from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.methods.keepers import Keeper, Seen
from viewlearn.methods.scoring import num_candidates
from viewlearn.views import Compose, Decisions, Params, Tilted

MakeKeeper = Callable[[Encoder, Compose], Keeper]


class KeepingMethod(Method):
    """A method with two views or more by its own pipeline, whose features a keeper may be asked to keep something in.

    A subclass makes its projection by ``make_head``, describes its views by ``describe`` where it has rendered them,
    and adds ``kept`` to its loss; where ``plays_apart`` says so, views are redirected to the loss without it.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline that makes the views.
        keeper: Makes what keeps chosen changes in the features; None for nothing.
        by_others: Whether other views than the pipeline's are among those that the loss is of.

    Raises:
        ValueError: A keeper beside other views, which it couldn't describe.
    """

    def __init__(self, encoder: Encoder, views: Compose, keeper: MakeKeeper | None, by_others: bool):
        super().__init__(encoder, views)
        if keeper is not None and by_others:
            raise ValueError("a keeper takes views by the method's own pipeline, and no partner_views or small_views")
        self.keeper = None if keeper is None else keeper(encoder, views)
        if self.keeper is not None:
            self.observed = self.keeper.described

    def make_head(self, kind: Head, dim: int, hidden: int | None) -> nn.Module:
        """Makes the projection."""
        make = projection_head if self.keeper is None else self.keeper.make_head
        return make(kind, self.encoder.num_features, dim, hidden)

    def make_pair(
        self, x: Tensor, drawn: Sequence[Params], player: Player
    ) -> tuple[list[Tensor], list[Tensor | None], list[Decisions]]:
        """Makes views of every sample; returns them, what they did, and what learned views in each decided."""
        made = [self.render(x, params, player) for params in drawn]
        did = [self.describe(params, decisions) for params, (_, decisions) in zip(drawn, made, strict=True)]
        return [view for view, _ in made], did, [decisions for _, decisions in made]

    def describe(self, params: Params, decisions: Decisions) -> Tensor | None:
        """Says what a view did, in the type of the encoder's weights; None if nobody asks."""
        if self.keeper is None:
            return None
        weight = next(self.encoder.parameters(), torch.zeros(()))
        return self.keeper.describe(params, decisions).to(weight.dtype)

    def candidates_did(self, name: str, *drawn: Params) -> Tensor | None:
        """Says what each candidate of a ``Tilted`` would do, in the order of ``candidate_views``, draw after draw."""
        tilted = self.views[name]
        assert isinstance(tilted, Tilted)
        did = []
        for params in drawn:
            for k in range(num_candidates(name, params)):
                each = self.describe({**params, name: tilted.candidate(params[name], k)}, {})
                did += [] if each is None else [each]
        return torch.cat(did) if did else None

    def plays_apart(self, player: Player) -> bool:
        """Whether learned views are to play against another loss than the one that moves the encoder."""
        return self.keeper is not None and self.keeper.adds_loss and player == "both"

    def kept(
        self, seen: Sequence[tuple[Tensor, Tensor | None, bool]], x: Tensor, generator: Generator, player: Player
    ) -> tuple[Tensor | float, Metrics]:
        """Computes what the keeper adds to the loss, and its metrics.

        Args:
            seen: Of each view of the batch its features, what it did, and whether the momentum encoder has seen it.
            x: Stored samples.
            generator: Random numbers for further views.
            player: Who moves; the adversary has no part in it.
        """
        if self.keeper is None or player == "adversary":
            return 0.0, {}
        views = [Seen(features, did, slow) for features, did, slow in seen if did is not None]
        return self.keeper.loss(views, x, self.encoder, self.views, generator)
