"""Which of a method's features to evaluate: the backbone's, each embedding space's, or several side by side."""

from collections.abc import Sequence

from torch import Tensor, nn

from viewlearn.methods import Method


class LayeredEncoder(nn.Module):
    """An encoder with ``features(x)``: the backbone's features, their branches, and the embeddings in every space.

    =============  ===============================================================================================
    ``V``          the encoder's output; with branches (LooC++) all of them side by side
    ``V_SPACE``    one branch's features, where the encoder has branches
    ``Z_SPACE``    the embedding in one space, as long as the head makes it (not scaled to unit length)
    =============  ===============================================================================================

    Patterns join them: ``Z_*`` is all embeddings, ``V+Z_color`` the backbone and one of them (see ``Features.layer``).

    Args:
        encoder: inputs to features.
        heads: projection heads, one per space; none for a method without.
        spaces: the spaces' names, in order.

    Raises:
        ValueError: not one name per head.
    """

    def __init__(self, encoder: nn.Module, heads: Sequence[nn.Module] = (), spaces: Sequence[str] = ()):
        super().__init__()
        if len(heads) != len(spaces):
            raise ValueError(f"{len(heads)} heads need as many names, not {', '.join(spaces) or 'none'}")
        self.encoder = encoder
        self.heads = nn.ModuleList(heads)
        self.spaces = tuple(spaces)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    @property
    def names(self) -> list[str]:
        """All layers' names, in order."""
        parts = self.spaces if self._branched else ()
        return ["V", *(f"V_{space}" for space in parts), *(f"Z_{space}" for space in self.spaces)]

    @property
    def each(self) -> list[str]:
        """What there is to compare: each layer alone, and all embeddings side by side."""
        return [*self.names, *(["Z_*"] if len(self.spaces) > 1 else [])]

    @property
    def _branched(self) -> bool:
        return bool(self.spaces) and len(getattr(self.encoder, "branches", ())) == len(self.spaces)

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """All layers' features of inputs in natural units, by name."""
        v = self.encoder(x)
        layers, parts = {"V": v}, [v] * len(self.spaces)
        if self._branched:
            parts = v.chunk(len(self.spaces), dim=1)
            layers |= {f"V_{space}": part for space, part in zip(self.spaces, parts, strict=True)}
        for space, head, part in zip(self.spaces, self.heads, parts, strict=True):
            layers[f"Z_{space}"] = head(part)
        return layers


def layered(method: Method) -> LayeredEncoder:
    """The layers of a method, on its own modules."""
    return LayeredEncoder(method.encoder, list(method.projections.values()), list(method.projections))
