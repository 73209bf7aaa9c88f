"""Keepers: what is added to a contrastive method so that its features keep what views change."""

from viewlearn.methods.keepers.augself import AugSelf
from viewlearn.methods.keepers.cassle import CASSLE
from viewlearn.methods.keepers.descriptor import DescribingKeeper, Descriptor
from viewlearn.methods.keepers.equimod import EquiMod
from viewlearn.methods.keepers.essl import ESSL
from viewlearn.methods.keepers.keeper import Keeper, Seen

__all__ = ["CASSLE", "ESSL", "AugSelf", "DescribingKeeper", "Descriptor", "EquiMod", "Keeper", "Seen"]
