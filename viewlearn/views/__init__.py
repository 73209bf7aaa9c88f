"""Views: the contract, and those that know no modality."""

from viewlearn.views.compose import Compose, RandomApply
from viewlearn.views.params import Params, map_params, select, share
from viewlearn.views.reversal import reverse_gradient
from viewlearn.views.view import Identity, View
from viewlearn.views.viewmaker import Viewmaker
from viewlearn.views.viewmaker_budget import distortion, project_l1
from viewlearn.views.viewmaker_published import viewmaker_from_published

__all__ = [
    "Compose",
    "Identity",
    "Params",
    "RandomApply",
    "View",
    "Viewmaker",
    "distortion",
    "map_params",
    "project_l1",
    "reverse_gradient",
    "select",
    "share",
    "viewmaker_from_published",
]
