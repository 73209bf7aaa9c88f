"""Methods: contrastive ones, what may be added to them, and supervised training beside them."""

from viewlearn.methods.base import Method, Metrics, Player
from viewlearn.methods.byol import BYOL
from viewlearn.methods.instdisc import InstDisc
from viewlearn.methods.keepers import CASSLE, ESSL, AugSelf, DescribingKeeper, Descriptor, EquiMod, Keeper, Seen
from viewlearn.methods.keeping import KeepingMethod
from viewlearn.methods.looc import LooC
from viewlearn.methods.moco import MoCo
from viewlearn.methods.simclr import SimCLR
from viewlearn.methods.supervised import Supervised

__all__ = [
    "BYOL",
    "CASSLE",
    "ESSL",
    "AugSelf",
    "DescribingKeeper",
    "Descriptor",
    "EquiMod",
    "InstDisc",
    "Keeper",
    "KeepingMethod",
    "LooC",
    "Method",
    "Metrics",
    "MoCo",
    "Player",
    "Seen",
    "SimCLR",
    "Supervised",
]
