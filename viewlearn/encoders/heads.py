"""Projection heads."""

from typing import Literal

from torch import nn

Head = Literal["none", "linear", "mlp", "normed"]


def projection_head(kind: Head, num_features: int, dim: int, hidden: int | None = None) -> nn.Module:
    """Makes the map from features ``(batch, num_features)`` to the space of the loss ``(batch, dim)``.

    Args:
        kind: ``none`` leaves the features as they are, ``linear`` is one layer (MoCo v1, and the published
            Viewmaker's, whose "no head" is the ResNet's own last layer), ``mlp`` is linear, ReLU, linear (SimCLR,
            MoCo v2), ``normed`` an ``mlp`` with BatchNorm before its ReLU (BYOL).
        num_features: Number of the encoder's features.
        dim: Dimension of the projection.
        hidden: Number of units in the hidden layer of an mlp; ``num_features`` by default.

    Raises:
        ValueError: An unknown kind.
    """
    if kind == "none":
        return nn.Identity()
    if kind == "linear":
        return nn.Linear(num_features, dim)
    if kind in ("mlp", "normed"):
        hidden = hidden or num_features
        norm = [nn.BatchNorm1d(hidden)] if kind == "normed" else []
        return nn.Sequential(nn.Linear(num_features, hidden), *norm, nn.ReLU(inplace=True), nn.Linear(hidden, dim))
    raise ValueError(f"head is {kind!r}; it must be 'none', 'linear', 'mlp' or 'normed'")
