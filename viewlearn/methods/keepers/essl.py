"""E-SSL: which of a few transformations a further view has had is predicted from its features."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from viewlearn.bounds import Count, NonNegative, Width
from viewlearn.encoders import Encoder
from viewlearn.methods.base import Metrics, must_be_designed
from viewlearn.methods.keepers.descriptor import input_shapes
from viewlearn.methods.keepers.keeper import Keeper, Seen, prediction_head
from viewlearn.views import Compose, Decisions, Params, View
from viewlearn.views.leave_one_out import entries_of
from viewlearn.views.pipeline import beside

NUM_DRAWS = 4_096  # in which the settings of a factor are found
MOST_SETTINGS = 64


class ESSL(Keeper):
    """Predicts a discrete transformation of a further view of each sample (Dangovski et al., E-SSL, ICLR 2022).

    ::

        L = base + weight · Σ_f 1/S_f Σ_s CE(head_f(h(T_{f=s} x)), s)

    over the factors f, each with S_f settings s, such as the four quarter turns: one further view is drawn of each
    sample and made in every setting, with all else the same. The head is an mlp of three layers with LayerNorm. A step
    encodes S_f views more of each sample, so that small ones are advisable: four of 16 × 16 cost as one of 32 × 32.

    The published code draws the further view by a crop to half the side, a flip, jitter and gray, and turns it; its
    factor isn't among the contrastive views.

    Args:
        encoder: Maps inputs to features.
        views: Pipeline of the method.
        factors: Names of entries of the further views whose setting is predicted, separated by commas.
        further_views: Views that make the further view, of any size that the encoder reads, the factors among them;
            they don't learn.
        weight: Weight of each factor's cross-entropy.
        width: Number of units in the heads' hidden layers; 2,048 in the published code.
        input_shape: Shape of one sample as the encoder reads it; from the data.
        num_samples: Number of samples of a clip; from the data.

    Raises:
        ValueError: No further views, or learned ones; a factor that isn't in them, or that draws anything but one
            integer or boolean of at most 64 values; no shape.
    """

    def __init__(
        self,
        encoder: Encoder,
        views: Compose,
        factors: list[str] | str,
        further_views: View | None = None,
        weight: NonNegative = 0.4,
        width: Width = 512,
        input_shape: tuple[Width, ...] | None = None,
        num_samples: Count | None = None,
    ):
        super().__init__()
        if further_views is None:
            raise ValueError("further_views is None; name views that have the factors, such as LooCViews with rotation")
        must_be_designed(further_views=further_views)
        self.further_views, self.weight = further_views, weight
        made_by = beside(views, further_views)
        shapes = input_shapes(made_by, input_shape, num_samples)
        self.leaves: dict[str, str] = {}  # the parameter of each factor
        heads = []
        for factor, entries in entries_of(made_by, factors).items():
            if len(entries) > 1:
                raise ValueError(f"factor {factor!r} joins entries; E-SSL predicts the setting of one")
            self.leaves[factor], values = _settings(factor, made_by[factor], shapes[factor])
            self.register_buffer(f"settings_{factor}", values, persistent=False)
            heads.append(prediction_head(encoder.num_features, width, len(values), nn.LayerNorm))
        if not heads:
            raise ValueError(f"no factors are given; there are: {', '.join(shapes) or 'none'}")
        self.heads = nn.ModuleList(heads)

    def describe(self, params: Params, decisions: Decisions) -> Tensor:
        return torch.zeros(1, 0)

    def settings(self, factor: str) -> Tensor:
        """Returns the values of a factor's parameter, ascending: ``(setting,)``."""
        return self.get_buffer(f"settings_{factor}")

    def loss(
        self, seen: Sequence[Seen], x: Tensor, encoder: Encoder, views: Compose, generator: Generator
    ) -> tuple[Tensor, Metrics]:
        made, numbers = [], []
        with torch.no_grad():
            make = beside(views, self.further_views)
            params = make.sample(x, generator)
            for factor, leaf in self.leaves.items():
                for value in self.settings(factor):
                    setting = {leaf: value.expand(len(x))}
                    made.append(make.transform(x, {**params, factor: setting}))
                numbers.append(len(self.settings(factor)) * len(x))
        features = encoder(torch.cat(made)).split(numbers)
        loss, metrics = torch.zeros((), device=x.device), {}
        for factor, head, own in zip(self.leaves, self.heads, features, strict=True):
            scores = head(own).float()
            target = torch.arange(len(self.settings(factor)), device=x.device).repeat_interleave(len(x))
            loss = loss + F.cross_entropy(scores, target)
            metrics[f"predicted/{factor}"] = (scores.detach().argmax(1) == target).float().mean()
        return self.weight * loss, metrics


def _settings(factor: str, view: View, shape: tuple[int, ...]) -> tuple[str, Tensor]:
    """Name and values of the one parameter of a view, of few values, that are found by drawing."""
    params = view.sample(torch.zeros(1, *shape).expand(NUM_DRAWS, *shape), Generator().manual_seed(0))
    if len(params) == 1:
        ((leaf, drawn),) = params.items()
        if isinstance(drawn, Tensor) and drawn.ndim == 1 and not drawn.is_floating_point():
            values = drawn.unique()
            if 2 <= len(values) <= MOST_SETTINGS:
                return leaf, values
    raise ValueError(
        f"factor {factor!r} has no few settings to predict: its view must draw one integer or boolean, of at most "
        f"{MOST_SETTINGS} values and at least 2, as quarter turns and flips do"
    )
