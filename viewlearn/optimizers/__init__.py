"""Optimizers that torch doesn't have."""

from viewlearn.optimizers.muon import ConvMuon, orthogonalize

__all__ = ["ConvMuon", "orthogonalize"]
