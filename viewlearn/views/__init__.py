"""Views: the contract, and those that know no modality."""

from viewlearn.views.compose import Compose, RandomApply
from viewlearn.views.params import Params, map_params, select, share
from viewlearn.views.view import Identity, View

__all__ = ["Compose", "Identity", "Params", "RandomApply", "View", "map_params", "select", "share"]
