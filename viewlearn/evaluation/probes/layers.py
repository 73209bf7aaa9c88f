"""Which features of a method to evaluate: the backbone's, those of each embedding space, or several side by side."""

import fnmatch
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor, nn

from viewlearn.encoders import BranchedBackbone
from viewlearn.methods import Method


class Layered(nn.Module, ABC):
    """An encoder whose features can be read layer by layer."""

    @abstractmethod
    def features(self, x: Tensor) -> dict[str, Tensor]:
        """The features of inputs in natural units by the layer's name, ``(batch, num_features)`` each."""


class LayeredEncoder(Layered):
    """An encoder with the layers of a method: the backbone's features, their branches, and every embedding.

    =============  ==============================================================================================
    ``V``          the encoder's output; with branches (LooC++) all of them side by side
    ``V_SPACE``    features of one branch, where the encoder has branches
    ``Z_SPACE``    embedding in one space, of the length that the head gives it (not scaled to unit length)
    =============  ==============================================================================================

    Patterns join them: ``Z_*`` is all embeddings, ``V+Z_color`` the backbone and one of them (see ``match_layers``).

    Args:
        encoder: Maps inputs to features.
        heads: Projection heads by the name of their space; None for a method without any.
    """

    def __init__(self, encoder: nn.Module, heads: Mapping[str, nn.Module] | None = None):
        super().__init__()
        heads = heads or {}
        self.encoder = encoder
        self.heads = nn.ModuleList(heads.values())
        self.spaces = tuple(heads)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    @property
    def names(self) -> list[str]:
        """Names of all layers, in order."""
        branches = self.spaces if self._branched else ()
        return ["V", *(f"V_{space}" for space in branches), *(f"Z_{space}" for space in self.spaces)]

    @property
    def comparisons(self) -> list[str]:
        """What there is to compare: each layer alone, and all embeddings side by side."""
        return [*self.names, *(["Z_*"] if len(self.spaces) > 1 else [])]

    @property
    def _branched(self) -> bool:
        return (
            len(self.spaces) > 0
            and isinstance(self.encoder, BranchedBackbone)
            and len(self.encoder.branches) == len(self.spaces)
        )

    def features(self, x: Tensor) -> dict[str, Tensor]:
        v = self.encoder(x)
        layers, parts = {"V": v}, [v] * len(self.spaces)
        if self._branched:
            parts = v.chunk(len(self.spaces), dim=1)
            layers |= {f"V_{space}": part for space, part in zip(self.spaces, parts, strict=True)}
        for space, head, part in zip(self.spaces, self.heads, parts, strict=True):
            layers[f"Z_{space}"] = head(part)
        return layers


def layered(method: Method) -> LayeredEncoder:
    """Makes the layers of a method readable, on its own modules: its encoder, and its heads by space."""
    return LayeredEncoder(method.encoder, method.projections)


def match_layers(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """Picks the names that match, each once, in the order of the patterns; "+" joins patterns, "*" is any text.

    A name may contain a "+" of its own, as that of a space that keeps two entries, ``Z_color+gray``: of the ways to
    split a pattern, the one with the longest first part is taken.

    Raises:
        ValueError: A pattern picks nothing; the message lists the names.
    """
    names = list(names)
    return list(dict.fromkeys(name for pattern in patterns for name in _pick(pattern, names)))


def _pick(pattern: str, names: Sequence[str]) -> list[str]:
    pieces = pattern.split("+")
    for num in range(len(pieces), 0, -1):
        if matching := fnmatch.filter(names, "+".join(pieces[:num])):
            return matching + (_pick("+".join(pieces[num:]), names) if num < len(pieces) else [])
    raise ValueError(f"no layer {pieces[0]!r} among the features; there are: {', '.join(names)}")
