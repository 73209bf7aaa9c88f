"""Learned and designed views for contrastive learning.

What a notebook or a training loop of your own needs is here by name:

===========  ==========================================================================================================
views        ``View``, ``Compose``, ``RandomApply``, ``NoViews``, ``ForeignView``, ``reverse_gradient``
learned      ``LearnedView``, ``Viewmaker``, ``LearnedMask``, ``LearnedFilter``, ``LearnedWarp``
losses       ``nt_xent``, ``info_nce``, ``looc_loss``
methods      ``SimCLR``, ``MoCo``, ``BYOL``, ``InstDisc``, ``LooC``, ``Supervised``
keepers      ``AugSelf``, ``CASSLE``, ``EquiMod``, ``ESSL``: what a method may be asked to keep
encoders     ``Encoder``, ``Backbone``, ``NetworkEncoder``, ``WhitenedConvNet``, ``projection_head``
optimizers   ``ConvMuon``
data         ``as_data``, ``Data``, ``DataSpec``, ``ArrayDataset``
evaluation   ``extract_features``, ``linear_probe``, ``knn``
training     ``Trainer``
runs         ``load``: the trained encoder of a run folder
===========  ==========================================================================================================

Each name is imported when it is first used, so that a loss doesn't wait for what an evaluation needs. Views of images
are in ``vision``, those of sounds in ``audio``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viewlearn.data import ArrayDataset, Data, DataSpec, as_data
    from viewlearn.encoders import Backbone, Encoder, NetworkEncoder, WhitenedConvNet, projection_head
    from viewlearn.evaluation.probes import extract_features, knn, linear_probe
    from viewlearn.losses import info_nce, looc_loss, nt_xent
    from viewlearn.methods import BYOL, CASSLE, ESSL, AugSelf, EquiMod, InstDisc, LooC, MoCo, SimCLR, Supervised
    from viewlearn.optimizers import ConvMuon
    from viewlearn.runs.loading import load
    from viewlearn.runs.trainer import Trainer
    from viewlearn.views import (
        Compose,
        ForeignView,
        LearnedFilter,
        LearnedMask,
        LearnedView,
        LearnedWarp,
        NoViews,
        RandomApply,
        View,
        Viewmaker,
        reverse_gradient,
    )

__all__ = [
    "BYOL",
    "CASSLE",
    "ESSL",
    "ArrayDataset",
    "AugSelf",
    "Backbone",
    "Compose",
    "ConvMuon",
    "Data",
    "DataSpec",
    "Encoder",
    "EquiMod",
    "ForeignView",
    "InstDisc",
    "LearnedFilter",
    "LearnedMask",
    "LearnedView",
    "LearnedWarp",
    "LooC",
    "MoCo",
    "NetworkEncoder",
    "NoViews",
    "RandomApply",
    "SimCLR",
    "Supervised",
    "Trainer",
    "View",
    "Viewmaker",
    "WhitenedConvNet",
    "as_data",
    "extract_features",
    "info_nce",
    "knn",
    "linear_probe",
    "load",
    "looc_loss",
    "nt_xent",
    "projection_head",
    "reverse_gradient",
]

_MODULES = {
    "viewlearn.data": ("ArrayDataset", "Data", "DataSpec", "as_data"),
    "viewlearn.encoders": ("Backbone", "Encoder", "NetworkEncoder", "WhitenedConvNet", "projection_head"),
    "viewlearn.evaluation.probes": ("extract_features", "knn", "linear_probe"),
    "viewlearn.losses": ("info_nce", "looc_loss", "nt_xent"),
    "viewlearn.methods": (
        "BYOL",
        "CASSLE",
        "ESSL",
        "AugSelf",
        "EquiMod",
        "InstDisc",
        "LooC",
        "MoCo",
        "SimCLR",
        "Supervised",
    ),
    "viewlearn.optimizers": ("ConvMuon",),
    "viewlearn.runs.loading": ("load",),
    "viewlearn.runs.trainer": ("Trainer",),
    "viewlearn.views": (
        "Compose",
        "ForeignView",
        "LearnedFilter",
        "LearnedMask",
        "LearnedView",
        "LearnedWarp",
        "NoViews",
        "RandomApply",
        "View",
        "Viewmaker",
        "reverse_gradient",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
