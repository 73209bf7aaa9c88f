"""Encoders by name, and the heads behind them."""

from viewlearn.encoders.branched import BranchedBackbone
from viewlearn.encoders.encoder import Backbone, Encoder
from viewlearn.encoders.heads import projection_head
from viewlearn.encoders.network import NetworkEncoder
from viewlearn.encoders.normalize import Normalize
from viewlearn.encoders.resnet import split_last_stage
from viewlearn.encoders.synchronized import SynchronizedBatchNorm
from viewlearn.encoders.weights import load_weights
from viewlearn.encoders.whitened import WhitenedConvNet

__all__ = [
    "Backbone",
    "BranchedBackbone",
    "Encoder",
    "NetworkEncoder",
    "Normalize",
    "SynchronizedBatchNorm",
    "WhitenedConvNet",
    "load_weights",
    "projection_head",
    "split_last_stage",
]
