"""Methods: contrastive ones, and supervised training beside them."""

from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.methods.instdisc import InstDisc
from viewlearn.methods.looc import LooC
from viewlearn.methods.moco import MoCo
from viewlearn.methods.simclr import SimCLR
from viewlearn.methods.supervised import Supervised

__all__ = ["InstDisc", "LooC", "Method", "Metrics", "MoCo", "Player", "SimCLR", "Supervised"]
