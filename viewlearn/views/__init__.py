"""Views: the contract, and views that know no modality."""

from viewlearn.views.code import BesideCode, DecodeWithCode, pack_code, unpack_code
from viewlearn.views.compose import Compose, NoViews, RandomApply
from viewlearn.views.decision import Decision, Decisions
from viewlearn.views.foreign import ForeignView
from viewlearn.views.gradient_reversal import reverse_gradient
from viewlearn.views.learned.filter import LearnedFilter
from viewlearn.views.learned.mask import LearnedMask
from viewlearn.views.learned.network import CoarseNetwork
from viewlearn.views.learned.resize import resized
from viewlearn.views.learned.tilted import Tilted
from viewlearn.views.learned.view import Budget, LearnedView
from viewlearn.views.learned.warp import LearnedWarp
from viewlearn.views.leave_one_out import LeaveOneOut
from viewlearn.views.others import Chance
from viewlearn.views.params import Params, map_params, mix, same_params, select, share
from viewlearn.views.pipeline import pipeline
from viewlearn.views.tape import Draw, Tape
from viewlearn.views.view import Identity, View
from viewlearn.views.viewmaker.budget import distortion, project_l1
from viewlearn.views.viewmaker.published import viewmaker_from_published
from viewlearn.views.viewmaker.viewmaker import Viewmaker

__all__ = [
    "BesideCode",
    "Budget",
    "Chance",
    "CoarseNetwork",
    "Compose",
    "Decision",
    "Decisions",
    "DecodeWithCode",
    "Draw",
    "ForeignView",
    "Identity",
    "LearnedFilter",
    "LearnedMask",
    "LearnedView",
    "LearnedWarp",
    "LeaveOneOut",
    "NoViews",
    "Params",
    "RandomApply",
    "Tape",
    "Tilted",
    "View",
    "Viewmaker",
    "distortion",
    "map_params",
    "mix",
    "pack_code",
    "pipeline",
    "project_l1",
    "resized",
    "reverse_gradient",
    "same_params",
    "select",
    "share",
    "unpack_code",
    "viewmaker_from_published",
]
