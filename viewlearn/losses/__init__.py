"""Losses: pure functions of embeddings."""

from viewlearn.losses.info_nce import info_nce, viewmaker_info_nce
from viewlearn.losses.logsumexp import check_temperature
from viewlearn.losses.looc import looc_loss, looc_losses
from viewlearn.losses.neutral import neutral_loss
from viewlearn.losses.nt_xent import nt_xent, viewmaker_nt_xent
from viewlearn.losses.spectral import spectral

__all__ = [
    "check_temperature",
    "info_nce",
    "looc_loss",
    "looc_losses",
    "neutral_loss",
    "nt_xent",
    "spectral",
    "viewmaker_info_nce",
    "viewmaker_nt_xent",
]
